"""Reads of bots and of what they run under."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User, normalize_email
from bots.models import (
    BotCommand,
    BotInstance,
    BotLog,
    BotSettings,
    GuardBreach,
    GuardOutcome,
)
from licensing.models import (
    License,
    LicenseEvent,
    LicenseEventType,
    grace_days,
    is_held,
)
from licensing.standing import Standing, current_standing, standing_of
from smarttrader.jobs.partitions import BOT_LOGS
from smarttrader.lib.database import prepared_cursor
from smarttrader.lib.errors import DomainError
from smarttrader.lib.keyset import Place


def _columns(model: type[Model], *names: str) -> tuple[type[Model], list[str]]:
    """Return names of columns in the order in which `from_db` takes their values."""
    fields = model._meta.concrete_fields
    return model, [field.attname for field in fields if field.attname in names]


# What the calls of EAs look at. Other columns are read when somebody asks for them:
# making Python's values of all of them took a tenth of a heartbeat.
RUNNING_BOT: tuple[tuple[Any, list[str]], ...] = (
    _columns(
        BotInstance,
        *("id", "user_id", "license_id", "instance_name", "mt4_account"),
        *("released_at", "token_version", "settings_version", "utc_offset_minutes"),
    ),
    _columns(License, "id", "user_id", "status", "expires_at"),
    _columns(User, "id", "is_active", "follows_trades"),
)
LOGS_KEPT = timedelta(days=BOT_LOGS.retention_days or 0)
# Of how many bots a list reads the newest rows, an index probe or more for each.
MOST_BOTS = 200
MOST_LICENSES = 50
Account = tuple[str, str]  # MT4 account, server in lower case


@dataclass(frozen=True)
class RunningBot:
    """A bot with its license and owner, and what they allow it now."""

    bot: BotInstance
    standing: Standing


def running_bot(bot_id: uuid.UUID, now: datetime) -> RunningBot | None:
    """Return a bot, its license and owner by primary key, in one query."""
    text, parameters = _running_bot_query()
    with prepared_cursor() as cursor:
        cursor.execute(text, [*parameters, bot_id])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    bot, license, owner = (
        model.from_db(connection.alias, names, list(islice(values, len(names))))
        for model, names in RUNNING_BOT
    )
    license.user, bot.license = owner, license
    held, days = values
    standing = standing_of(license, is_held=held, grace_days=days or 0, now=now)
    return RunningBot(bot, standing)


@cache
def _running_bot_query() -> tuple[str, tuple[Any, ...]]:
    """Return the query once and for all; the bot's id is its last parameter.

    Each call of an EA begins with it, and compiling it took longer than running it.
    """
    bot_names, license_names, owner_names = (names for _, names in RUNNING_BOT)
    query = BotInstance.objects.filter(pk=uuid.UUID(int=0)).values_list(
        *bot_names,
        *(f"license__{name}" for name in license_names),
        *(f"license__user__{name}" for name in owner_names),
        is_held("license_id"),
        grace_days("license__license_type"),
    )
    text, parameters = query.query.sql_with_params()
    return text, parameters[:-1]


def live_bots(license: License) -> list[BotInstance]:
    """Return the bots that take a license's slots."""
    return list(BotInstance.objects.live().filter(license=license).order_by("id"))


def licenses_in_use(licenses: QuerySet[License]) -> QuerySet[License]:
    """Return licenses with the bots that take their slots, as `live_bots`."""
    live = BotInstance.objects.live().order_by("id")
    return licenses.prefetch_related(
        Prefetch("bot_instances", queryset=live, to_attr="live_bots")
    )


@dataclass(frozen=True)
class AccountInUse:
    """A trading account that takes a slot, and the bots on it."""

    bots: list[BotInstance]


@dataclass(frozen=True)
class LicenseInUse:
    license: License
    standing: Standing
    accounts: list[AccountInUse]

    @property
    def accounts_over(self) -> int:
        """Return by how many accounts more than it has slots for it is in use."""
        return max(len(self.accounts) - self.license.max_accounts, 0)

    @property
    def has_room(self) -> bool:
        """Whether it lets another account in."""
        used = len(self.accounts)
        return self.standing.is_valid and used < self.license.max_accounts

    @property
    def grace_ends_at(self) -> datetime | None:
        """Return when the grace days end, of a license that is in them."""
        if self.standing.code != "GRACE" or self.license.expires_at is None:
            return None
        days: int = getattr(self.license, "grace_days") or 0  # noqa: B009
        return self.license.expires_at + timedelta(days=days)


def licenses_of(
    user: User, now: datetime, *, limit: int, after: Place | None = None
) -> list[LicenseInUse]:
    """Return a user's own licenses, newest first, with the accounts they are used on.

    `after` is the last license of the page before.
    """
    owned = License.objects.with_standing().filter(user=user)
    if after is not None and after.moment is not None:
        owned = owned.filter(
            Q(issued_at__lt=after.moment) | Q(pk__lt=after.id),
            issued_at__lte=after.moment,
        )
    newest = licenses_in_use(owned).order_by("-issued_at", "-id")[:limit]
    return [license_in_use(license, now) for license in newest]


def license_in_use(license: License, now: datetime) -> LicenseInUse:
    """Return a license that was read by `licenses_in_use`, `with_standing`."""
    by_account: dict[Account, list[BotInstance]] = {}
    for bot in license.live_bots:  # type: ignore[attr-defined]
        by_account.setdefault(account_of(bot), []).append(bot)
    accounts = [AccountInUse(bots) for bots in by_account.values()]
    return LicenseInUse(license, current_standing(license, now), accounts)


def licenses_to_mind(user: User, now: datetime) -> list[LicenseInUse]:
    """Return a user's licenses that stopped, or soon stop, what runs under them.

    Of a user without any valid license, and without a bot, it is the newest one.
    """
    live = BotInstance.objects.live().filter(license=OuterRef("pk"))
    owned = (
        License.objects.with_standing()
        .filter(user=user)
        .annotate(is_in_use=Exists(live))
        .order_by("-issued_at", "-id")[:MOST_LICENSES]
    )
    found = [LicenseInUse(each, current_standing(each, now), []) for each in owned]
    lapsed = [each for each in found if each.standing.code != "VALID"]
    in_use = [
        each
        for each in lapsed
        if each.license.is_in_use  # type: ignore[attr-defined]
    ]
    if in_use or len(lapsed) < len(found):
        return sorted(in_use, key=lambda each: each.standing.is_valid)
    return lapsed[:1]


def connecting_bots(user: User, since: datetime) -> list[BotInstance]:
    """Return up to five bots that activated after a moment, or were never heard."""
    activated = LicenseEvent.objects.filter(
        owner_id=user.pk, type=LicenseEventType.ACTIVATED, at__gt=since
    )
    return list(
        BotInstance.objects.live()
        .filter(user=user)
        .filter(Q(last_heartbeat=None) | Q(pk__in=activated.values("actor_id")))
        .order_by("-updated_at", "-id")[:5]
    )


def refused_activation(user: User, since: datetime) -> LicenseEvent | None:
    """Return the latest refusal of an EA under a user's licenses after a moment."""
    refusals = LicenseEvent.objects.filter(
        owner_id=user.pk, type=LicenseEventType.ACTIVATION_REJECTED, at__gt=since
    )
    return refusals.order_by("-at", "-id").first()


def account_of(bot: BotInstance) -> Account:
    """Return a bot's trading account, as slots are counted by it."""
    return bot.mt4_account, (bot.broker_server or "").lower()


def accounts_of(bots: Iterable[BotInstance]) -> set[Account]:
    return {account_of(bot) for bot in bots}


class BotNotFound(DomainError):
    code = "BOT_NOT_FOUND"
    title = _("No bot has this id")
    kind = "missing"


def required_bot(text: str) -> BotInstance:
    """Return the bot of an identifier that somebody typed. Raises BotNotFound."""
    try:
        return BotInstance.objects.get(pk=uuid.UUID(text))
    except (ValueError, BotInstance.DoesNotExist) as error:
        raise BotNotFound from error


def settings_of(bot: BotInstance) -> BotSettings | None:
    """Return a bot's settings; one that only holds a statement has none."""
    return BotSettings.objects.filter(bot_instance=bot).first()


def latest_commands(bot: BotInstance, limit: int) -> list[BotCommand]:
    """Return what a bot was told last, newest first."""
    return list(bot.commands.order_by("-queued_at", "-id")[:limit])


def breaches_to_show(bot: BotInstance, now: datetime) -> list[GuardBreach]:
    """Return what holds a bot, and what it passed on its broker's running day.

    What holds comes first, then the latest.
    """
    return breaches_by_bot([bot], now)[bot.pk]


def breaches_by_bot(
    bots: Sequence[BotInstance], now: datetime
) -> dict[uuid.UUID, list[GuardBreach]]:
    """Return `breaches_to_show` of each of these bots."""
    by_id = {bot.pk: bot for bot in bots}
    first_day = min((bot.broker_day(now) for bot in bots), default=now.date())
    found = GuardBreach.objects.filter(
        Q(outcome=GuardOutcome.PAUSED, lifted_at=None) | Q(broker_day__gte=first_day),
        bot_instance__in=by_id,
    )
    shown: dict[uuid.UUID, list[GuardBreach]] = {pk: [] for pk in by_id}
    for breach in found.order_by("-at"):
        bot = breach.bot_instance = by_id[breach.bot_instance_id]
        # Brokers' days differ: that of another one may have begun earlier.
        if breach.is_holding or breach.broker_day >= bot.broker_day(now):
            shown[bot.pk].append(breach)
    for breaches in shown.values():
        breaches.sort(key=lambda each: not each.is_holding)
    return shown


class TooManyBots(DomainError):
    code = "TOO_MANY_BOTS"
    title = format_lazy(
        _("You see more than {count} bots: name one with `bot`"), count=MOST_BOTS
    )
    kind = "invalid"


def bots_to_list(user: User, bot_id: uuid.UUID | None = None) -> list[BotInstance]:
    """Return the bots whose rows a list tells: the named one, or all that a user sees.

    Raises BotNotFound, also for a bot that the user may not see, and TooManyBots.
    """
    visible = BotInstance.objects.visible_to(user).order_by("id")
    if bot_id is None:
        bots = list(visible[: MOST_BOTS + 1])
        if len(bots) > MOST_BOTS:
            raise TooManyBots
        return bots
    named = visible.filter(pk=bot_id).first()
    if named is None:
        raise BotNotFound
    return [named]


def bots_found(user: User, text: str) -> list[BotInstance]:
    """Return the bots of an account number or an owner's e-mail, at most MOST_BOTS."""
    named = Q(mt4_account=text) | Q(user__email=normalize_email(text))
    visible = BotInstance.objects.visible_to(user)
    return list(visible.filter(named).order_by("id")[:MOST_BOTS])


def newest_logs(
    bots: Sequence[BotInstance],
    matching: QuerySet[BotLog],
    *,
    limit: int,
    after: Place | None,
    now: datetime,
) -> list[BotLog]:
    """Return the log lines that match, newest first, of the days that logs are kept.

    LATERAL reads a few rows per bot off the index (bot, created_at).
    """
    rows = matching.filter(created_at__gte=now - LOGS_KEPT)
    return newest_of_bots(bots, rows, "created_at", limit=limit, after=after)


def newest_of_bots(
    bots: Iterable[BotInstance],
    rows: QuerySet[Any],
    moment: str,
    *,
    limit: int,
    after: Place | None,
) -> list[Any]:
    """Return rows of bots by a moment that each of them has, then by id, newest first.

    One ORDER BY over all bots would sort all of their rows. `after` is the last row of
    the page before.
    """
    by_id = {bot.pk: bot for bot in bots}
    if after is not None and after.moment is not None:
        rows = rows.filter(
            Q(**{f"{moment}__lt": after.moment}) | Q(pk__lt=after.id),
            **{f"{moment}__lte": after.moment},
        )
    newest = of_bot_in_turn(rows).order_by(f"-{moment}", "-id")[:limit]
    source, parameters = of_each_bot(by_id, newest)
    found = list(
        rows.model.objects.raw(
            f"SELECT found.* FROM {source}"  # noqa: S608 -- our own SQL, no values
            f" ORDER BY found.{moment} DESC, found.id DESC LIMIT %s",
            [*parameters, limit],
        )
    )
    for row in found:
        row.bot_instance = by_id[row.bot_instance_id]
    return found


def of_bot_in_turn(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow to the bot that `of_each_bot` is at."""
    return rows.filter(bot_instance_id=RawSQL("bot.id", []))


def of_each_bot(
    bot_ids: Collection[uuid.UUID], rows: QuerySet[Any, Any]
) -> tuple[str, list[Any]]:
    """Return SQL and parameters that give the rows of each bot as a relation, found."""
    text, parameters = rows.query.sql_with_params()
    source = f"unnest(%s::uuid[]) AS bot (id), LATERAL ({text}) found"
    return source, [list(bot_ids), *parameters]
