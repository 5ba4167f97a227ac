"""Roll-ups: hours from trades, days from hours, weeks and months from days.

Only dirty hours are computed, each period as a whole: running twice, or after a kill,
gives the same rows. docs/metrics.md defines every figure.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, reset_queries, transaction

from analytics.models import MetricType, RollupDirty
from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import logs as bot_logs
from smarttrader.jobs.partitions import BOT_LOGS, TRADES, write_to_partitions

SQL = Path(__file__).parent.parent / "sql"
HOURS_PER_TRANSACTION = 2000
PERIODS_NAMED_IN_A_LOG = 10

logger = logging.getLogger(__name__)


class Period(NamedTuple):
    """Of a bot. A tuple, as thousands of them are compared in each transaction."""

    bot_id: uuid.UUID
    start: datetime
    end: datetime


class Step(NamedTuple):
    """Periods of one kind to compute: the file of their sums, and its parameters."""

    metric_type: MetricType
    sums: str
    parameters: dict[str, Any]


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
    earliest = TRADES.earliest(now)
    hours = {
        Period(bot, hour, hour + timedelta(hours=1)): opened_from or earliest
        for bot, hour, _, opened_from in marks
    }
    _recompute(hours, now)
    return sum(count for _, _, count, _ in marks)


def _recompute(hours: dict[Period, datetime], now: datetime) -> None:
    """Recompute these hours, of which marks tell how early their trades opened."""
    clamped: dict[uuid.UUID, list[str]] = defaultdict(list)
    for step in steps(hours):
        for bot_id, start in _upsert(step, now):
            clamped[bot_id].append(f"{step.metric_type} {start:%Y-%m-%d %H:%M}")
    for bot_id, names in clamped.items():
        _warn_of_clamps(bot_id, names, now)


def steps(hours: dict[Period, datetime]) -> Iterator[Step]:
    """Yield what follows from dirty hours; each step reads the rows of those before."""
    if not hours:
        return
    yield Step(MetricType.HOURLY, "hour_sums", _parameters_of_hours(hours))
    days = {_day(hour) for hour in hours}
    yield _composed(MetricType.DAILY, days, MetricType.HOURLY)
    yield _composed(MetricType.WEEKLY, {_week(day) for day in days}, MetricType.DAILY)
    yield _composed(MetricType.MONTHLY, {_month(day) for day in days}, MetricType.DAILY)


def _composed(
    metric_type: MetricType, periods: Iterable[Period], finer_type: MetricType
) -> Step:
    parameters = _parameters(metric_type, sorted(periods))
    return Step(
        metric_type,
        "period_sums",
        {**parameters, "finer_type": finer_type, "opened_from": []},
    )


def _parameters_of_hours(hours: dict[Period, datetime]) -> dict[str, Any]:
    ordered = sorted(hours)
    parameters = _parameters(MetricType.HOURLY, ordered)
    with connection.cursor() as cursor:
        # Marks tell of the trades that changed, rows of those that were there. Read in
        # a statement of its own: the one that locked the bots may have been too early.
        cursor.execute(_sql("first_openings"), parameters)
        known = {(bot_id, start): moment for bot_id, start, moment in cursor}
    bounds = [
        min(hours[hour], known.get((hour.bot_id, hour.start), hours[hour]))
        for hour in ordered
    ]
    return {**parameters, "opened_from": bounds, "earliest": min(bounds)}


def _parameters(metric_type: MetricType, ordered: list[Period]) -> dict[str, Any]:
    return {
        "metric_type": metric_type,
        "bots": [period.bot_id for period in ordered],
        "starts": [period.start for period in ordered],
        "ends": [period.end for period in ordered],
    }


def _upsert(step: Step, now: datetime) -> list[tuple[uuid.UUID, datetime]]:
    """Write the rows of a step's periods; return those newly clamped."""
    statement = _sql("upsert_metrics").replace("{sums}", _sql(step.sums))
    with connection.cursor() as cursor:
        cursor.execute(statement, {**step.parameters, "now": now})
        return [(bot_id, start) for bot_id, start in cursor]


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
