"""The roll-up's SELECTs without writing, against DuckDB computing the same."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
from django.db import connection, reset_queries, transaction

from analytics.models import MetricType
from analytics.services import rollups
from smarttrader.bench.databases import use_database
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.measuring import seconds_of
from smarttrader.bench.report import Row, at_most, ratio

# Every column of the sums is added up, so that the planner leaves none of them out.
FIGURES = (
    "total_trades", "winning_trades", "losing_trades", "gross_profit", "gross_loss",
    "net_profit", "max_drawdown", "largest_win", "largest_loss", "sum_of_squares",
    "peak", "trough",
)  # fmt: skip
UNITS = {
    MetricType.HOURLY: "hour",
    MetricType.DAILY: "day",
    MetricType.WEEKLY: "week",
    MetricType.MONTHLY: "month",
}
CLOSED = (
    "SELECT bot_instance_id, closed_at AT TIME ZONE 'UTC', ticket_number::bigint,"
    " ((profit + commission + swap) * 100)::bigint AS net"
    " FROM trades WHERE status = 'closed'"
)
DUCK_SUMS = """
SELECT {figures} FROM (
    SELECT bot, period, count(*) AS total_trades,
        count(*) FILTER (net > 0) AS winning_trades,
        count(*) FILTER (net < 0) AS losing_trades,
        coalesce(sum(net) FILTER (net > 0), 0) AS gross_profit,
        coalesce(sum(-net) FILTER (net < 0), 0) AS gross_loss,
        sum(net) AS net_profit,
        max(greatest(peak, 0) - running) AS max_drawdown,
        greatest(max(net), 0) AS largest_win,
        greatest(max(-net), 0) AS largest_loss,
        sum(net::hugeint * net) AS sum_of_squares,
        greatest(max(running), 0) AS peak,
        least(min(running), 0) AS trough
    FROM (
        SELECT *, max(running) OVER in_order AS peak FROM (
            SELECT bot, period, closed, ticket, net, sum(net) OVER in_order AS running
            FROM (SELECT *, date_trunc('{unit}', closed) AS period FROM '{file}')
            WINDOW in_order AS (
                PARTITION BY bot, period ORDER BY closed, ticket
                ROWS UNBOUNDED PRECEDING
            )
        )
        WINDOW in_order AS (
            PARTITION BY bot, period ORDER BY closed, ticket ROWS UNBOUNDED PRECEDING
        )
    )
    GROUP BY bot, period
)
"""


BATCHES = """
SELECT array_agg(bot_instance_id)::text, array_agg(period_start)::text,
    array_agg(first_opened_at)::text
FROM (
    SELECT *, (row_number() OVER (ORDER BY bot_instance_id, period_start) - 1) / %s
        AS batch
    FROM performance_metrics WHERE metric_type = 'hourly'
) hours
GROUP BY batch ORDER BY batch
"""
# Periods, trades and net in cents, by the kind of period.
Counts = dict[str, tuple[int, ...]]


class Differing(Exception):
    """DuckDB and PostgreSQL do not compute the same."""


def measure(_: Ground) -> list[Row]:
    use_database(MANY)
    ours = _as_rolled_up()
    with tempfile.TemporaryDirectory() as folder:
        file = _parquet(Path(folder))
        theirs: list[Counts] = []
        both = seconds_of(lambda: theirs.append(_duckdb(file, threads=2)))
        one = seconds_of(lambda: theirs.append(_duckdb(file, threads=1)))
    stored = _stored()
    if theirs != [stored, stored]:
        raise Differing(str((stored, *theirs)))
    periods = sum(count for count, *_ in stored.values())
    name = f"the roll-up's SELECTs for {periods:,} periods, as rollup --all runs them"
    return [
        ratio(
            *(name, ours, "DuckDB from Parquet, 1 thread", one),
            target=at_most(8),
            is_speed=False,
        ),
        ratio(name, ours, "DuckDB from Parquet, 2 threads", both, is_speed=False),
    ]


def _as_rolled_up() -> float:
    """Compute every period in the batches and by the statements of a roll-up.

    Return the seconds of that, without those of putting the batches together.
    """
    seconds = 0.0
    for hours in _batches():
        started = time.perf_counter()
        for step in rollups.steps(hours):
            _sum(step)
        seconds += time.perf_counter() - started
        reset_queries()  # with DEBUG Django keeps the text of each statement
    return seconds


def _batches() -> Iterator[rollups.Hours]:
    """Yield dirty hours as a rebuild takes them."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(BATCHES, [rollups.HOURS_PER_TRANSACTION])
        for row in cursor:
            yield rollups.Hours(*row)


def _sum(step: rollups.Step) -> None:
    figures = ", ".join(f"sum({name})" for name in FIGURES)
    around = "WITH dirty AS ({dirty}), sums AS ({sums}) SELECT count(*), "
    statement = rollups.around_sums(step, f"{around}{figures} FROM sums")
    with connection.cursor() as cursor:
        cursor.execute(statement, step.parameters)
        cursor.fetchone()


def _stored() -> Counts:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT metric_type, count(*), sum(total_trades), sum(net_profit) * 100"
            " FROM performance_metrics GROUP BY metric_type"
        )
        return {kind: tuple(map(int, sums)) for kind, *sums in cursor}


def _parquet(folder: Path) -> Path:
    """Write what a roll-up reads of the closed trades as Parquet."""
    lines, file = folder / "trades.csv", folder / "trades.parquet"
    with (
        lines.open("wb") as target,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({CLOSED}) TO STDOUT (FORMAT csv)") as copy,
    ):
        for part in copy:
            target.write(part)
    columns = (
        "{'bot': 'UUID', 'closed': 'TIMESTAMP', 'ticket': 'BIGINT', 'net': 'BIGINT'}"
    )
    with _duck(threads=2) as duck:
        duck.execute(
            f"COPY (SELECT bot, closed, ticket, net"  # noqa: S608
            f" FROM read_csv('{lines}', header=false, columns={columns}))"
            f" TO '{file}' (FORMAT parquet)"
        )
    lines.unlink()
    return file


def _duckdb(file: Path, *, threads: int) -> Counts:
    counts: Counts = {}
    figures = ", ".join(f"sum({name})" for name in ("1", *FIGURES))
    with _duck(threads=threads) as duck:
        for kind, unit in UNITS.items():
            query = DUCK_SUMS.format(figures=figures, unit=unit, file=file)
            (sums,) = duck.execute(query).fetchall()
            figure = dict(zip(("periods", *FIGURES), map(int, sums), strict=True))
            counts[str(kind)] = (
                figure["periods"],
                figure["total_trades"],
                figure["net_profit"],
            )
    return counts


def _duck(*, threads: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": threads})
