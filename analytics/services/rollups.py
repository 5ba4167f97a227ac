"""Roll-ups: hours from trades, days from hours, weeks from days, months from both.

Only dirty hours are computed, each period as a whole: running twice, or after a kill,
gives the same rows. docs/metrics.md defines every figure.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, reset_queries, transaction

from analytics.models import MetricType, RollupDirty
from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import logs as bot_logs
from smarttrader.jobs.partitions import BOT_LOGS, TRADES, write_to_partitions

SQL = Path(__file__).parent.parent / "sql"
HOURS_PER_TRANSACTION = 20_000
PERIODS_NAMED_IN_A_LOG = 10
# Each kind of period: its unit and length in SQL, the file of its sums, the file of the
# parts that these add up, and what kind the parts are.
KINDS = (
    (MetricType.HOURLY, "hour", "1 hour", "hour_sums", None, None),
    (MetricType.DAILY, "day", "1 day", "part_sums", "finer_parts", MetricType.HOURLY),
    (MetricType.WEEKLY, "week", "1 week", "part_sums", "finer_parts", MetricType.DAILY),
    (MetricType.MONTHLY, "month", "1 month", "part_sums", "month_parts", None),
)

logger = logging.getLogger(__name__)


class Step(NamedTuple):
    """A kind of period to compute: the files of its sums and parts, the parameters."""

    metric_type: MetricType
    sums: str
    parts: str | None
    parameters: dict[str, Any]


class Hours(NamedTuple):
    """Dirty hours as PostgreSQL writes arrays, for nobody here looks into them.

    Thousands of values were longer on their way through Python than in the database.
    """

    bots: str
    hours: str
    opened_from: str  # no trade of the hour opened before


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
                reset_queries()
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
        "earliest": TRADES.earliest(now),
    }
    with connection.cursor() as cursor:
        cursor.execute(_sql("take_dirty_hours"), claim)
        *hours, marks = cursor.fetchone()
    if marks:
        _recompute(Hours(*hours), now)
    return int(marks)


def _recompute(hours: Hours, now: datetime) -> None:
    _note_changed_past(hours, now)
    clamped: dict[uuid.UUID, list[str]] = defaultdict(list)
    for step in steps(hours):
        for bot_id, start in _upsert(step, now):
            clamped[bot_id].append(f"{step.metric_type} {start:%Y-%m-%d %H:%M}")
        if step.metric_type == MetricType.DAILY:
            _upsert_breakdowns(step)
    for bot_id, names in clamped.items():
        _warn_of_clamps(bot_id, names, now)


def _note_changed_past(hours: Hours, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_sql("note_changed_past"), {**hours._asdict(), "now": now})


def steps(hours: Hours) -> Iterator[Step]:
    """Yield what follows from dirty hours; each step reads the rows of those before."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("first_opening"), hours._asdict())
        (earliest,) = cursor.fetchone()
    for metric_type, unit, length, sums, parts, finer_type in KINDS:
        yield Step(
            metric_type,
            sums,
            parts,
            {
                **hours._asdict(),
                "earliest": earliest,
                "metric_type": metric_type,
                "unit": unit,
                "length": length,
                "finer_type": finer_type,
            },
        )


def around_sums(step: Step, statement: str) -> str:
    """Return the statement around the dirty periods and their sums."""
    sums = _sql(step.sums)
    if step.parts:
        sums = sums.replace("{parts}", _sql(step.parts))
    return statement.replace("{dirty}", _sql("dirty_periods")).replace("{sums}", sums)


def _upsert(step: Step, now: datetime) -> list[tuple[uuid.UUID, datetime]]:
    """Write the rows of a step's periods; return those newly clamped."""
    statement = around_sums(step, _sql("upsert_metrics"))
    with connection.cursor() as cursor:
        cursor.execute(statement, {**step.parameters, "now": now})
        return [(bot_id, start) for bot_id, start in cursor]


def _upsert_breakdowns(days: Step) -> None:
    """Write what these days amount to, of which the rows are written already."""
    statement = _sql("upsert_breakdowns").replace("{dirty}", _sql("dirty_periods"))
    with connection.cursor() as cursor:
        cursor.execute(statement, days.parameters)


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
