"""Roll-ups: whether an hour costs the same in a larger history, and a whole rebuild."""

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from django.db import connection

from analytics.services import rollups
from smarttrader.bench import bodies
from smarttrader.bench.databases import raw_connection, use_database
from smarttrader.bench.ground import FEW, LONG_RUN_MEGABYTES, MANY, Ground
from smarttrader.bench.report import Row, at_most, duration, ratio
from smarttrader.history.plan import Plan

MEGABYTE = 1024**2


def measure_incremental(ground: Ground) -> list[Row]:
    """Each bot closes one trade in an hour; the roll-up of it, in both histories."""
    sizes = ground.sizes
    bots = {
        name: [bot.id for bot in _plan_of(ground, name).planned_bots]
        for name in (FEW, MANY)
    }
    taken: dict[str, list[float]] = {FEW: [], MANY: []}
    for turn in range(sizes.repetitions + 1):
        for name, ids in bots.items():
            _close_one_trade_of_each(ground, name, ids, turn)
            started = time.perf_counter()
            rollups.roll_up(now=ground.now)
            if turn:
                taken[name].append(time.perf_counter() - started)
    return [
        ratio(
            f"roll-up of one hour of {sizes.bots:,} bots at {sizes.many:,} trades",
            median(taken[MANY]),
            f"the same at {sizes.few:,}",
            median(taken[FEW]),
            target=at_most(1.25),
            is_speed=False,
        )
    ]


def measure_rebuild(ground: Ground) -> list[Row]:
    """Tell of the `rollup --all` with which the larger history was prepared."""
    rebuilt = ground.rebuilt[-1]
    use_database(MANY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), pg_table_size('performance_metrics'),"
            " pg_indexes_size('performance_metrics') FROM performance_metrics"
        )
        metrics, table, indexes = cursor.fetchone()
    size = f"{table / MEGABYTE:,.0f} MB and {indexes / MEGABYTE:,.0f} MB of indexes"
    return [
        Row(
            name=f"rollup --all of {ground.sizes.many:,} trades: {metrics:,} rows,"
            f" {size}",
            took=duration(rebuilt.seconds),
            value=metrics / rebuilt.seconds,
            unit=" rows/s",
        ),
        Row(
            name="memory of rollup --all, at most",
            took="",
            value=rebuilt.megabytes,
            unit=" MB",
            target=at_most(LONG_RUN_MEGABYTES, " MB"),
        ),
        Row(
            name="memory of generate_history, at most",
            took="",
            value=ground.generated[-1].megabytes,
            unit=" MB",
            target=at_most(LONG_RUN_MEGABYTES, " MB"),
        ),
    ]


def _plan_of(ground: Ground, name: str) -> Plan:
    use_database(name)
    return ground.plan(ground.sizes.few if name == FEW else ground.sizes.many)


def _close_one_trade_of_each(
    ground: Ground, name: str, ids: Sequence[uuid.UUID], turn: int
) -> None:
    use_database(name)
    closed_at = ground.last_hour - timedelta(hours=turn)
    tickets = bodies.fresh_tickets(len(ids))
    lines = bodies.trade_lines(list(zip(ids, tickets, strict=True)), closed_at)
    with raw_connection(name) as raw, raw.cursor() as cursor:
        statement = f"COPY trades ({bodies.TRADE_COLUMNS}) FROM STDIN"
        with cursor.copy(statement) as copy:
            copy.write(lines)
