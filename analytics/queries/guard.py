"""What the risk guard looks at: the running day of each bot that is heard."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Q

from analytics.drawdowns import Account, Peak
from bots.models import (
    OFFLINE_AFTER,
    BotInstance,
    GuardBreach,
    GuardOutcome,
)
from smarttrader.jobs.partitions import TRADES

SQL = Path(__file__).parent.parent / "sql"
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
# What a bot passed on a day, by the value of the limit's kind.
Known = tuple[uuid.UUID, str, date]


@dataclass(frozen=True, slots=True)
class Day:
    """The running day of a bot's broker, before anything is known of its trades."""

    bot: BotInstance
    day: date
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + A_DAY

    @property
    def peak(self) -> Peak | None:
        """Return from where the drawdown is measured; None begins anew."""
        stored = getattr(self.bot, "guard_peak", None)
        if stored is None or stored.peak is None:
            return None
        return Peak(
            value=stored.peak,
            balance=stored.balance,
            closed_since=stored.closed_since,
            closed_net=stored.closed_net,
            doubted_at=stored.doubted_at,
        )

    @property
    def peak_since(self) -> datetime:
        return self.peak.closed_since if self.peak else self.start


@dataclass(frozen=True, slots=True)
class Look:
    """What a bot's running day amounts to: nets of closed trades, trades opened."""

    of: Day
    net_of_day: Decimal
    net_since_peak: Decimal
    opened_trades: int

    @property
    def loss(self) -> Decimal:
        """Return what the day lost, with what is floating; negative is a gain."""
        return -(self.net_of_day + self.floating)

    @property
    def floating(self) -> Decimal:
        bot = self.of.bot
        if bot.equity is None or bot.balance is None:
            return Decimal(0)
        return Decimal(bot.equity - bot.balance)

    @property
    def account(self) -> Account | None:
        bot = self.of.bot
        if bot.equity is None or bot.balance is None:
            return None
        return Account(
            equity=bot.equity,
            balance=bot.balance,
            day_start=self.of.start,
            net_of_day=self.net_of_day,
            net_since=self.net_since_peak,
        )


def looks(*, now: datetime) -> list[Look]:
    """Return what the guard judges: each bot that was heard lately, with its settings.

    Three statements for any number of bots.
    """
    heard = (
        BotInstance.objects.live()
        .filter(last_heartbeat__gte=now - OFFLINE_AFTER, settings__isnull=False)
        .select_related("settings", "guard_peak")
        .order_by("pk")
    )
    days = [_day(bot, now) for bot in heard]
    return _looked_at(days, now) if days else []


def known_breaches(found: Sequence[Look]) -> set[Known]:
    """Return what is recorded of these days.

    Of limits that nobody saved it is what was ever told, as if it were of this day.
    """
    days = {look.of.bot.pk: look.of for look in found}
    recorded = GuardBreach.objects.filter(bot_instance__in=days.keys()).filter(
        Q(broker_day__gte=min((each.day for each in days.values()), default=date.min))
        | Q(outcome=GuardOutcome.NEVER_SAVED)
    )
    known: set[Known] = set()
    for bot_id, kind, day in recorded.values_list(
        "bot_instance_id", "kind", "broker_day"
    ):
        of = days[bot_id]
        was_saved = of.bot.settings.limits_currency != ""
        known.add((bot_id, kind, day if was_saved else of.day))
    return known


def _day(bot: BotInstance, now: datetime) -> Day:
    day = bot.broker_day(now)
    return Day(bot, day, bot.start_of_broker_day(day))


def _looked_at(days: Sequence[Day], now: datetime) -> list[Look]:
    bots = [each.bot.pk for each in days]
    since = [min(each.start, each.peak_since) for each in days]
    earliest = TRADES.earliest(now)
    bounds = dict(_rows("guard_bounds", bots=bots, since=since, earliest=earliest))
    latest = max(each.end for each in days)
    # Without a bound nothing has closed.
    opened_from = [bounds[each.bot.pk] or each.end for each in days]
    figures = _rows(
        "guard_figures",
        bots=bots,
        day_start=[each.start for each in days],
        day_end=[each.end for each in days],
        peak_since=[each.peak_since for each in days],
        opened_from=opened_from,
        earliest=min(opened_from),
        opened_since=min(each.start for each in days) - AN_HOUR,
        latest=latest,
    )
    by_bot = {bot_id: values for bot_id, *values in figures}
    return [Look(each, *by_bot[each.bot.pk]) for each in days]


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_sql(name), parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


@cache
def _sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
