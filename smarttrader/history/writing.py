"""Writing a history by COPY, month by month, straight into the partitions.

The triggers by statement stand on the parents, so a COPY into a partition does not run
them; their duties are done here: tickets by one statement for each month, ticks within
their trades as they are made, and dirty hours by `rollup --all` afterwards. CHECKs and
foreign keys hold as ever.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, reset_queries, transaction
from psycopg import sql

from smarttrader.history.making import TICK_COLUMNS, TRADE_COLUMNS, Maker
from smarttrader.history.people import has_people, make_people
from smarttrader.history.plan import Month, Plan
from smarttrader.jobs.partitions import (
    TRADE_HISTORY,
    TRADES,
    PartitionedTable,
    create_partitions_for,
)
from trading.models import Trade

LINES_AT_ONCE = 20_000
ANALYZED = ("trades", "trade_tickets", "trade_history", "bot_instances")
CLAIM_TICKETS = """
INSERT INTO trade_tickets (bot_instance_id, ticket_number, opened_at, trade_id)
SELECT bot_instance_id, ticket_number, opened_at, id FROM trades
WHERE opened_at >= %s AND opened_at < %s AND bot_instance_id = ANY (%s)
ORDER BY bot_instance_id, ticket_number
"""


@dataclass(frozen=True, slots=True)
class Written:
    """How far a history has been written: trades and ticks of this run, by month."""

    month: datetime
    trades: int
    ticks: int


Progress = Callable[[Written], None]


def write_history(
    *, plan: Plan, now: datetime, on_progress: Progress | None = None
) -> Written:
    """Write what is missing of a history; return what was written.

    Each month is a transaction, so a run that was stopped goes on with the month that
    it was at. Memory stays flat.
    """
    if not has_people(plan):
        make_people(plan=plan, now=now)
    maker = Maker(plan)
    written, before = Written(plan.until, 0, 0), 0
    for month in plan.months:
        if not _has_month(plan, month):
            trades, ticks = _write_month(maker, plan, month, before, now)
            written = Written(
                month.start, written.trades + trades, written.ticks + ticks
            )
            if on_progress:
                on_progress(written)
            reset_queries()  # with DEBUG Django keeps the text of each statement
        if plan.has_ticks(month):
            before += plan.trades_of(month)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(ANALYZED)}")
    return written


def _has_month(plan: Plan, month: Month) -> bool:
    portion = next(plan.portions(month), None)
    if portion is None:
        return True
    return Trade.objects.filter(
        bot_instance=portion.bot.id,
        opened_at__gte=month.start,
        opened_at__lt=month.end,
    ).exists()


def _write_month(
    maker: Maker, plan: Plan, month: Month, before: int, now: datetime
) -> tuple[int, int]:
    create_partitions_for(TRADES, [month.start], now=now)
    if plan.has_ticks(month):
        create_partitions_for(TRADE_HISTORY, _days(month.start, plan.until), now=now)
    ids = [portion.bot.id for portion in plan.portions(month)]
    trades = ticks = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        for lines, by_day in _batches(maker, plan, month, before):
            _copy(TRADES, TRADE_COLUMNS, month.start, lines)
            for day, day_lines in sorted(by_day.items()):
                _copy(TRADE_HISTORY, TICK_COLUMNS, day, day_lines)
            trades += len(lines)
            ticks += sum(map(len, by_day.values()))
        cursor.execute(CLAIM_TICKETS, [month.start, month.end, ids])
    return trades, ticks


Batch = tuple[list[str], dict[datetime, list[str]]]


def _batches(maker: Maker, plan: Plan, month: Month, before: int) -> Iterator[Batch]:
    """Yield lines of trades, and lines of their ticks by day."""
    trades: list[str] = []
    ticks: dict[datetime, list[str]] = defaultdict(list)
    size = 0
    for portion in plan.portions(month):
        for made in maker.trades(portion, before):
            trades.append(made.line)
            for moment, line in made.ticks:
                ticks[TRADE_HISTORY.period_start(moment)].append(line)
            size += 1 + len(made.ticks)
            if size >= LINES_AT_ONCE:
                yield trades, ticks
                trades, ticks, size = [], defaultdict(list), 0
        before += portion.count
    if trades:
        yield trades, ticks


def _copy(
    table: PartitionedTable, columns: str, moment: datetime, lines: list[str]
) -> None:
    name = table.partition_name(table.period_start(moment))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(name),
        sql.SQL(", ").join(map(sql.Identifier, columns.split(", "))),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(lines))


def _days(start: datetime, end: datetime) -> Iterator[datetime]:
    for day in range((end - start).days + 1):
        yield start + timedelta(days=day)
