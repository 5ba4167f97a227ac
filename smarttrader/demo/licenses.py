"""Under which licenses of the local database simulated EAs run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Max, Sum

from accounts import queries as accounts
from accounts.models import User
from accounts.services.users import create_user
from bots.models import BotInstance
from licensing import queries as licensing
from licensing.keyring import current_keyring
from licensing.models import License, LicenseType
from licensing.services.issuing import issue_license
from smarttrader.demo import cast
from smarttrader.simulation.advisor import Assignment, history_spans
from smarttrader.simulation.payloads import dialect_of
from smarttrader.simulation.roster import (
    SERVER,
    accounts_of_license,
    hardware_of_license,
)
from smarttrader.simulation.strategy import Account
from trading.models import Trade, TradeStatus

OWNER = "alice@example.com"
STAND_IN = "simulated@example.com"
A_YEAR_AND_MORE = timedelta(days=400)


def license_key_for(count: int, *, now: datetime) -> str:
    """Return the key of a license that simulated bots may share, issued if need be.

    A license that former runs used serves again, so that their bots go on.
    """
    owner = accounts.user_by_email(OWNER) or _stand_in()
    used = License.objects.filter(
        user=owner,
        license_type=LicenseType.ENTERPRISE,
        expires_at=None,
        max_accounts__gte=count,
        bot_instances__broker_server=SERVER,
    )
    found = used.order_by("-max_accounts", "id").first()
    if found is not None:
        return current_keyring().open(found.license_key)
    issued = issue_license(
        user=owner,
        license_type=LicenseType.ENTERPRISE,
        max_accounts=count,
        is_lifetime=True,
        now=now,
    )
    return issued.key


def _stand_in() -> User:
    return accounts.user_by_email(STAND_IN) or create_user(
        email=STAND_IN, first_name="Simulated"
    )


def assignments_for(keys: Sequence[str], count: int) -> list[Assignment]:
    """Return the accounts of `count` bots, dealt out to the licenses in turn."""
    of_key = {key: iter(accounts_of_license(key, count)) for key in keys}
    assigned = []
    for place in range(count):
        key = keys[place % len(keys)]
        account = next(of_key[key])
        assigned.append(_assignment(place, account, key, hardware_of_license(key)))
    return assigned


def demo_assignments(count: int) -> list[Assignment]:
    """Return the demo's bots that are kept running, up to `count` of them."""
    wanted = [bot for bot in cast.BOTS if bot.is_simulated][:count]
    known = {
        bot.mt4_account: bot
        for bot in BotInstance.objects.filter(
            user__email=OWNER, mt4_account__in=[each.account.number for each in wanted]
        ).select_related("license")
    }
    return [
        _assignment(
            place,
            each.account,
            current_keyring().open(known[each.account.number].license.license_key),
            cast.HARDWARE_ID,
        )
        for place, each in enumerate(wanted)
        if each.account.number in known
    ]


def continued(assignment: Assignment, *, start: datetime) -> Assignment:
    """Add what the local database knows: where a former run ended, and the balance."""
    bot = BotInstance.objects.filter(
        license=licensing.license_by_key(assignment.license_key),
        mt4_account=assignment.account.number,
    ).first()
    if bot is None:
        return assignment
    stored = Trade.objects.filter(
        bot_instance=bot, opened_at__gte=start - A_YEAR_AND_MORE
    )
    known_until = stored.aggregate(latest=Max("opened_at"))["latest"]
    balance = Decimal(assignment.account.deposit)
    for strategy in assignment.account.strategies:
        begin, _ = history_spans(strategy, start, known_until)[0]
        earlier = stored.filter(
            status=TradeStatus.CLOSED, strategy_used=strategy.name, opened_at__lt=begin
        )
        net = Sum(F("profit") + F("commission") + F("swap"))
        balance += earlier.aggregate(net=net)["net"] or 0
    return replace(assignment, known_until=known_until, opening_balance=balance)


def _assignment(
    place: int, account: Account, license_key: str, hardware_id: str
) -> Assignment:
    return Assignment(
        account=account,
        dialect=dialect_of(place, account.utc_offset_minutes),
        license_key=license_key,
        hardware_id=hardware_id,
    )
