"""Roll-ups: hours from trades, days from hours, weeks and months from days.

Only dirty hours are computed, each period as a whole: running twice, or after a kill,
gives the same rows. docs/metrics.md defines every figure.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, reset_queries, transaction

from analytics.models import MetricType, RollupDirty
from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import logs as bot_logs
from smarttrader.jobs.partitions import BOT_LOGS, write_to_partitions

SQL = Path(__file__).parent.parent / "sql"
HOURS_PER_TRANSACTION = 2000
PERIODS_NAMED_IN_A_LOG = 10

logger = logging.getLogger(__name__)


class Period(NamedTuple):
    """Of a bot. A tuple, as thousands of them are compared in each transaction."""

    bot_id: uuid.UUID
    start: datetime
    end: datetime


def roll_up(
    *,
    now: datetime,
    only_bots: Collection[uuid.UUID] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Recompute all dirty hours and the longer periods around them; count the marks.

    Works in short transactions, skips bots that another roll-up holds, and goes on past
    a bot that fails: its marks stay, and the error is logged.
    """
    taken = 0
    while True:
        try:
            count = _roll_up_some(only_bots, now)
        except DatabaseError:
            logger.exception("a roll-up of several bots failed: one by one now")
            return taken + _roll_up_one_by_one(only_bots, now)
        if not count:
            return taken
        taken += count
        reset_queries()  # with DEBUG Django keeps the text of each statement
        if on_progress:
            on_progress(taken)


def rebuild(*, now: datetime, on_progress: Callable[[int], None] | None = None) -> int:
    """Recompute every period of every bot; rows that are right stay untouched."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_sql("mark_all_hours"))
    return roll_up(now=now, on_progress=on_progress)


def _roll_up_one_by_one(only_bots: Collection[uuid.UUID] | None, now: datetime) -> int:
    taken = 0
    marks = RollupDirty.objects.all()
    if only_bots is not None:
        marks = marks.filter(bot_instance__in=only_bots)
    for bot_id in set(marks.values_list("bot_instance_id", flat=True).distinct()):
        try:
            while count := _roll_up_some([bot_id], now):
                taken += count
        except DatabaseError:
            logger.exception("the roll-up of bot %s failed", bot_id)
    return taken


def _roll_up_some(only_bots: Collection[uuid.UUID] | None, now: datetime) -> int:
    def write() -> int:
        return _roll_up_claimed(only_bots, now)

    # A figure that is cut off leaves a warning in the bot's log.
    return write_to_partitions({BOT_LOGS: [now]}, write, now=now)


def _roll_up_claimed(only_bots: Collection[uuid.UUID] | None, now: datetime) -> int:
    claim = {
        "only": None if only_bots is None else list(only_bots),
        "limit": HOURS_PER_TRANSACTION,
    }
    with connection.cursor() as cursor:
        cursor.execute(_sql("take_dirty_hours"), claim)
        marks = cursor.fetchall()
    hours = {Period(bot, hour, hour + timedelta(hours=1)) for bot, hour, _ in marks}
    _recompute(hours, now)
    return sum(count for _, _, count in marks)


def _recompute(hours: set[Period], now: datetime) -> None:
    if not hours:
        return
    days = {_day(hour) for hour in hours}
    steps = (
        (MetricType.HOURLY, hours, "hour_sums", None),
        (MetricType.DAILY, days, "period_sums", MetricType.HOURLY),
        (
            MetricType.WEEKLY,
            {_week(day) for day in days},
            "period_sums",
            MetricType.DAILY,
        ),
        (
            MetricType.MONTHLY,
            {_month(day) for day in days},
            "period_sums",
            MetricType.DAILY,
        ),
    )
    clamped: dict[uuid.UUID, list[str]] = defaultdict(list)
    for metric_type, periods, sums, finer_type in steps:
        for bot_id, start in _upsert(metric_type, periods, sums, finer_type, now):
            clamped[bot_id].append(f"{metric_type} {start:%Y-%m-%d %H:%M}")
    for bot_id, names in clamped.items():
        _warn_of_clamps(bot_id, names, now)


def _upsert(
    metric_type: MetricType,
    periods: Iterable[Period],
    sums: str,
    finer_type: MetricType | None,
    now: datetime,
) -> list[tuple[uuid.UUID, datetime]]:
    """Write the rows of these periods; return those newly clamped."""
    ordered = sorted(periods)
    parameters: dict[str, Any] = {
        "bots": [period.bot_id for period in ordered],
        "starts": [period.start for period in ordered],
        "ends": [period.end for period in ordered],
        "metric_type": metric_type,
        "finer_type": finer_type,
        "now": now,
    }
    with connection.cursor() as cursor:
        if finer_type is None:
            parameters["opened_from"] = _first_opening(cursor, parameters["bots"])
        cursor.execute(_sql("upsert_metrics").replace("{sums}", _sql(sums)), parameters)
        return [(bot_id, start) for bot_id, start in cursor]


def _first_opening(cursor: Any, bot_ids: list[uuid.UUID]) -> datetime:
    cursor.execute(
        "SELECT min(first.opened_at) FROM unnest(%s::uuid[]) AS bot (id), LATERAL ("
        " SELECT min(opened_at) AS opened_at FROM trade_tickets"
        " WHERE bot_instance_id = bot.id) first",
        [sorted(set(bot_ids))],
    )
    (opened_at,) = cursor.fetchone()
    # Without a single ticket there is nothing to find, from wherever we look.
    return opened_at or datetime.max.replace(tzinfo=UTC)


def _day(hour: Period) -> Period:
    start = hour.start.replace(hour=0)
    return Period(hour.bot_id, start, start + timedelta(days=1))


def _week(day: Period) -> Period:
    start = day.start - timedelta(days=day.start.weekday())
    return Period(day.bot_id, start, start + timedelta(days=7))


def _month(day: Period) -> Period:
    start = day.start.replace(day=1)
    # 32 days after the 1st lie in the next month, whatever this month's length.
    return Period(day.bot_id, start, (start + timedelta(days=32)).replace(day=1))


def _warn_of_clamps(bot_id: uuid.UUID, names: list[str], now: datetime) -> None:
    named = ", ".join(names[:PERIODS_NAMED_IN_A_LOG])
    bot_logs.write_logs(
        bot=BotInstance(pk=bot_id),
        logs=[
            bot_logs.LogLine(
                level=LogLevel.WARNING,
                category=LogCategory.SYSTEM,
                message=(
                    f"Figures of {len(names)} periods are larger than we can keep and"
                    f" are shown as the largest value: {named}"
                ),
            )
        ],
        now=now,
    )


@cache
def _sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
