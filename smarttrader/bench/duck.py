"""The roll-up's SELECTs without writing, against DuckDB computing the same."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection, reset_queries, transaction

from analytics.models import MetricType
from analytics.services.rollups import SQL
from smarttrader.bench.databases import use_database
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.measuring import seconds_of
from smarttrader.bench.report import Row, at_most, ratio
from smarttrader.jobs.partitions import TRADES
from smarttrader.lib import clock

PERIODS_AT_ONCE = 2000  # as a roll-up takes them
# Every column of the sums is added up, so that the planner leaves none of them out.
FIGURES = (
    "total_trades", "winning_trades", "losing_trades", "gross_profit", "gross_loss",
    "net_profit", "max_drawdown", "largest_win", "largest_loss", "sum_of_squares",
    "peak", "trough",
)  # fmt: skip
STEPS = (
    (MetricType.HOURLY, "hour_sums", None, "hour"),
    (MetricType.DAILY, "period_sums", MetricType.HOURLY, "day"),
    (MetricType.WEEKLY, "period_sums", MetricType.DAILY, "week"),
    (MetricType.MONTHLY, "period_sums", MetricType.DAILY, "month"),
)
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


class Differing(Exception):
    """DuckDB and PostgreSQL do not compute the same."""


def measure(ground: Ground) -> list[Row]:
    use_database(MANY)
    limit = ground.sizes.hours
    totals: list[tuple[int, ...]] = []
    batched = seconds_of(lambda: totals.append(_in_batches(limit)))
    ours = seconds_of(lambda: totals.append(_at_once()))
    with tempfile.TemporaryDirectory() as folder:
        file = _parquet(Path(folder))
        both = seconds_of(lambda: totals.append(_duckdb(file, threads=2)))
        one = seconds_of(lambda: _duckdb(file, threads=1))
    if totals[1] != totals[2]:
        raise Differing(str(totals))
    name = f"the roll-up's SELECTs over {totals[1][0]:,} hours, days, weeks and months"
    some = f"the same for {totals[0][0]:,}, {PERIODS_AT_ONCE:,} a statement"
    return [
        ratio(
            *(name, ours, "DuckDB from Parquet, 1 thread", one),
            target=at_most(8),
            is_speed=False,
        ),
        ratio(name, ours, "DuckDB from Parquet, 2 threads", both, is_speed=False),
        ratio(some, batched, "all in one statement each", ours, is_speed=False),
    ]


def _at_once() -> tuple[int, ...]:
    """Compute every period, a statement for each kind; return as `_in_batches` does."""
    periods = trades = 0
    for metric_type, sums, finer_type, _ in STEPS:
        count, counted = _summed(
            "SELECT bot_instance_id, period_start, period_end FROM performance_metrics"
            " WHERE metric_type = %(metric_type)s",
            sums,
            {
                "metric_type": metric_type,
                "finer_type": finer_type,
                "opened_from": TRADES.earliest(clock.now()),
            },
        )
        periods += count
        trades += counted
    return periods, trades


def _in_batches(limit: int) -> tuple[int, ...]:
    """Compute every period as a roll-up does; return how many, and sums of trades."""
    periods = trades = 0
    for metric_type, sums, finer_type, _ in STEPS:
        for chunk in _chunks(metric_type, limit):
            count, counted = _summed_chunk(chunk, sums, finer_type)
            periods += count
            trades += counted
            reset_queries()  # with DEBUG Django keeps the text of each statement
    return periods, trades


def _chunks(metric_type: str, limit: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the periods that have a row, some at a time, in order."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT bot_instance_id, period_start, period_end FROM performance_metrics"
            " WHERE metric_type = %s ORDER BY 1, 2 LIMIT %s",
            [metric_type, limit],
        )
        while chunk := cursor.fetchmany(PERIODS_AT_ONCE):
            yield chunk


def _summed_chunk(
    chunk: list[tuple[Any, ...]], sums: str, finer_type: str | None
) -> tuple[int, int]:
    bots, starts, ends = zip(*chunk, strict=True)
    return _summed(
        "SELECT * FROM unnest("
        "%(bots)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]"
        ") AS d (bot_instance_id, period_start, period_end)",
        sums,
        {
            "bots": list(bots),
            "starts": list(starts),
            "ends": list(ends),
            "finer_type": finer_type,
            "opened_from": _first_opening(bots),
        },
    )


def _summed(dirty: str, sums: str, values: dict[str, Any]) -> tuple[int, int]:
    figures = ", ".join(f"sum({name})" for name in FIGURES)
    text = (SQL / f"{sums}.sql").read_text()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH dirty AS ({dirty}), sums AS ({text})"  # noqa: S608 -- our own files
            f" SELECT count(*), {figures} FROM sums",
            values,
        )
        count, trades, *_ = cursor.fetchone()
        return int(count), int(trades or 0)


def _first_opening(bots: tuple[Any, ...]) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(first.opened_at) FROM unnest(%s::uuid[]) AS bot (id), LATERAL ("
            " SELECT min(opened_at) AS opened_at FROM trade_tickets"
            " WHERE bot_instance_id = bot.id) first",
            [sorted(set(bots))],
        )
        (opened_at,) = cursor.fetchone()
        return opened_at  # type: ignore[no-any-return]


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


def _duckdb(file: Path, *, threads: int) -> tuple[int, ...]:
    periods = trades = 0
    figures = ", ".join(["count(*)", *(f"sum({name})" for name in FIGURES)])
    with _duck(threads=threads) as duck:
        for _, _, _, unit in STEPS:
            query = DUCK_SUMS.format(figures=figures, unit=unit, file=file)
            count, counted, *_ = duck.execute(query).fetchall()[0]
            periods += count
            trades += counted
    return periods, trades


def _duck(*, threads: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": threads})
