"""Who owns the bots of a history, and under which licenses they run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from accounts.services.users import create_user
from bots.models import BotInstance, BotSettings, BotStatus
from bots.services.bot_settings import DEFAULTS
from licensing.models import License, LicenseType
from licensing.services.issuing import issue_license
from smarttrader.history.plan import DOMAIN, Plan, PlannedBot
from smarttrader.lib.errors import DomainError

BROKERS = (
    ("Meridian Markets", "MeridianMarkets-Live", "USD", 120),
    ("Nordbank Trading", "Nordbank-Real2", "EUR", 180),
    ("Sakura FX", "SakuraFX-Demo", "JPY", 540),
)
LICENSE_TYPES = (LicenseType.ENTERPRISE, LicenseType.PRO)
FIRST_ACCOUNT = 5_000_000
BALANCE, EQUITY = Decimal(25_000), Decimal("24_750.50")
BEATS_EACH = timedelta(minutes=1)
ROWS_AT_ONCE = 1000


class OtherHistory(DomainError):
    code = "OTHER_HISTORY"
    title = "This database holds a history of other parameters: take an empty one"
    kind = "conflict"


def owner_of(plan: Plan, place: int = 0) -> User:
    """Return an owner of a history that was written; the first has the largest bot."""
    return User.objects.get(email=_email(plan, place))


def has_people(plan: Plan) -> bool:
    return User.objects.filter(email=_email(plan, 0)).exists()


def begun_plan(plan: Plan) -> Plan:
    """Return the plan as it was begun in this database, perhaps on an earlier day.

    Raises OtherHistory when there is one of other parameters.
    """
    found = User.objects.filter(email__endswith=f".{DOMAIN}").order_by("email").first()
    if found is None:
        return plan
    name, day = found.email.partition("@")[2].removesuffix(f".{DOMAIN}").split(".")
    if name != plan.name:
        raise OtherHistory
    return replace(plan, until=datetime.strptime(f"{day} +0000", "%Y%m%d %z"))


def make_people(*, plan: Plan, now: datetime) -> None:
    """Make the owners, licenses and bots of a plan, all or none.

    Users and licenses through their services; thousands of bots as rows, for an
    activation is made for one EA that calls.
    """
    with transaction.atomic():
        licenses = [
            _licenses(create_user(email=_email(plan, place)), now)
            for place in range(plan.owners)
        ]
        bots = [_bot(plan, licenses, bot, now) for bot in plan.planned_bots]
        BotInstance.objects.bulk_create(bots, batch_size=ROWS_AT_ONCE)
        BotSettings.objects.bulk_create(
            [BotSettings(bot_instance=bot, **DEFAULTS) for bot in bots],
            batch_size=ROWS_AT_ONCE,
        )


def _email(plan: Plan, place: int) -> str:
    return f"owner-{place}@{plan.domain}"


def _licenses(owner: User, now: datetime) -> list[License]:
    return [
        issue_license(
            user=owner,
            license_type=license_type,
            max_accounts=ROWS_AT_ONCE,
            is_lifetime=True,
            now=now,
        ).license
        for license_type in LICENSE_TYPES
    ]


def _bot(
    plan: Plan, licenses: Sequence[Sequence[License]], bot: PlannedBot, now: datetime
) -> BotInstance:
    turn, place = divmod(bot.place, plan.owners)
    license = licenses[place][turn % len(LICENSE_TYPES)]
    broker, server, currency, offset = BROKERS[bot.place % len(BROKERS)]
    return BotInstance(
        id=bot.id,
        user_id=license.user_id,
        license=license,
        instance_name=f"History {bot.place}",
        mt4_account=str(FIRST_ACCOUNT + bot.place),
        broker_name=broker,
        broker_server=server,
        account_currency=currency,
        utc_offset_minutes=offset,
        is_live="Live" in server,
        status=BotStatus.RUNNING,
        started_at=plan.months[bot.since].start,
        last_heartbeat=now - BEATS_EACH,
        balance=BALANCE,
        equity=EQUITY,
    )
