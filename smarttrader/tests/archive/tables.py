"""Partitions full of rows, and how they are compared with what comes back."""

from datetime import timedelta

from django.db import connection

from bots.models import BotInstance
from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    PartitionedTable,
    create_partitions_for,
)
from smarttrader.jobs.services import restoring, retention
from smarttrader.jobs.services.attaching import Attached
from smarttrader.lib import clock
from trading.models import Trade
from trading.tests.factories import TradeFactory

# The present, as partitions are made ahead of it in each test's database.
NOW = clock.now()
DAY = timedelta(days=1)
# The newest day, and the newest month, that retention no longer keeps.
OLD_DAY = TRADE_HISTORY.period_start(NOW - 366 * DAY)
OLD_MONTH = BOT_LOGS.period_start(BOT_LOGS.period_start(NOW - 90 * DAY) - DAY)
OLD_TICKS = TRADE_HISTORY.partition_name(OLD_DAY)
OLD_LOGS = BOT_LOGS.partition_name(OLD_MONTH)
A_WEEK_LATER = NOW + 7 * DAY
RETAINED = (TRADE_HISTORY, BOT_LOGS)

INSERT_TICKS = """
INSERT INTO trade_history
    (id, trade_id, trade_opened_at, current_price, unrealized_profit, recorded_at)
SELECT gen_random_uuid(), %(trade)s, %(opened_at)s,
    CASE n %% 4
        WHEN 0 THEN 9999999999.99999 WHEN 1 THEN -9999999999.99999
        WHEN 2 THEN 0.00001 ELSE 1.23456 + n * 0.00001
    END,
    CASE n %% 3 WHEN 0 THEN 99999999.99 WHEN 1 THEN -99999999.99 ELSE n * 0.01 END,
    %(start)s::timestamptz + n * interval '1 day' / %(rows)s
FROM generate_series(0, %(rows)s - 1) n
"""
INSERT_LOGS = """
INSERT INTO bot_logs
    (id, bot_instance_id, log_level, category, message, metadata, created_at)
SELECT gen_random_uuid(), %(bot)s,
    (ARRAY['INFO', 'WARNING', 'ERROR', 'DEBUG'])[1 + n %% 4], 'TRADE',
    (%(messages)s::text[])[1 + n %% cardinality(%(messages)s::text[])],
    (%(metadata)s::jsonb[])[1 + n %% cardinality(%(metadata)s::jsonb[])],
    %(start)s::timestamptz + n * interval '28 days' / %(rows)s
FROM generate_series(0, %(rows)s - 1) n
"""
ODD_MESSAGES = [
    "",
    " ",
    "NULL",
    "\\N",
    "\\.",
    'said "no", then, left',
    "two\nlines\r\nand a tab\t.",
    "naïve, 日本語, 😀, \u202e",
    "'; DROP TABLE trades; --",
    "x" * 70_000,
]
ODD_METADATA = [
    None,
    "null",
    "{}",
    '""',
    '{"a": null, "b": [1, 2.50, 1e400], "c": "\\"quoted\\", \\\\ and 😀"}',
    "12345678901234567890.123456789",
]


def fill_ticks(*, rows: int, day=OLD_DAY) -> Trade:
    """Make a day's partition, with ticks of a trade that is open since."""
    trade = TradeFactory.create(opened_at=day)
    create_partitions_for(TRADE_HISTORY, [day], now=day)
    add_ticks(trade, rows=rows, start=day)
    return trade


def add_ticks(trade: Trade, *, rows: int, start) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_TICKS,
            {
                "trade": trade.pk,
                "opened_at": trade.opened_at,
                "start": start,
                "rows": rows,
            },
        )


def fill_logs(bot: BotInstance, *, rows: int) -> None:
    """Make a month's partition, with lines that are hard to quote."""
    create_partitions_for(BOT_LOGS, [OLD_MONTH], now=OLD_MONTH)
    add_logs(bot, rows=rows)


def add_logs(bot: BotInstance, *, rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_LOGS,
            {
                "bot": bot.pk,
                "messages": ODD_MESSAGES,
                "metadata": ODD_METADATA,
                "start": OLD_MONTH,
                "rows": rows,
            },
        )


# --- Steps ----------------------------------------------------------------------------
def say_nothing(_line: str) -> None:
    """Want no progress."""


def archive(now=NOW) -> int:
    return retention.archive_partitions(now=now, on_progress=say_nothing)


def restore(name: str, *, days: int = 30, now=A_WEEK_LATER) -> Attached:
    return restoring.restore_partition(
        name=name, days=days, now=now, on_progress=say_nothing
    )


# --- Looks ----------------------------------------------------------------------------
def remember(table: str) -> None:
    """Copy a table's rows, to be compared by `differences`."""
    execute("DROP TABLE IF EXISTS remembered")
    execute(f"CREATE TEMP TABLE remembered AS TABLE {table}")


def differences(table: str) -> int:
    """Count the rows that were remembered and are not there, or the other way."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ((TABLE remembered EXCEPT ALL TABLE {table})"
            f" UNION ALL (TABLE {table} EXCEPT ALL TABLE remembered)) d"
        )
        (count,) = cursor.fetchone()
    return int(count)


def attached(table: PartitionedTable) -> set[str]:
    return {partition.name for partition in catalog.partitions_of(table)}


def leftovers() -> list[str]:
    """Return the tables that are named like a partition and are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition"
            " AND relname ~ '^(trade_history|bot_logs)_p[0-9]' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def shape_of(table: str) -> tuple[list[str], list[str]]:
    """Return a table's indexes and constraints, without their names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT regexp_replace(pg_get_indexdef(indexrelid), 'INDEX .* USING', '')"
            " FROM pg_index WHERE indrelid = %s::regclass ORDER BY 1",
            [table],
        )
        indexes = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) || convalidated || conenforced"
            " || coninhcount || conislocal FROM pg_constraint"
            " WHERE conrelid = %s::regclass ORDER BY 1",
            [table],
        )
        return indexes, [row[0] for row in cursor.fetchall()]


def forget_old_partitions() -> None:
    """Drop the partitions that are overdue, and all that was detached."""
    # What is restored and kept would not be overdue.
    ArchivedPartition.objects.all().delete()
    for table in RETAINED:
        for partition in retention.overdue(table, now=NOW + 60 * DAY):
            catalog.detach(table, partition.name)
    for name in leftovers():
        execute(f"DROP TABLE {name}")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
