"""What PostgreSQL's catalog says of partitions, and of tables that were some."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile

from django.db import connection
from psycopg import sql

from smarttrader.jobs.columns import Column
from smarttrader.jobs.partitions import PARTITIONED_TABLES, PartitionedTable

PARTITIONS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass
"""
NAMES = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = ANY (%s::regclass[])
"""
SIZES = """
SELECT i.inhparent::regclass::text, c.relname, c.reltuples::bigint,
    pg_total_relation_size(c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = ANY (%s::regclass[]) ORDER BY c.relname DESC
"""
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
REFERENCES = """
SELECT conname, conenforced, pg_get_constraintdef(f.oid), confrelid::regclass::text,
    ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY key (number, at)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY at),
    ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY key (number, at)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY at)
FROM pg_constraint f
WHERE conrelid = %s::regclass AND contype = 'f' AND conparentid = 0 ORDER BY conname
"""
BOUNDS = re.compile(r"FOR VALUES FROM \('(.+)'\) TO \('(.+)'\)")


@dataclass(frozen=True)
class Partition:
    """One that is attached, or half detached; its rows' keys are in [start, end)."""

    table: PartitionedTable
    name: str
    start: datetime
    end: datetime
    is_detach_pending: bool = False


@dataclass(frozen=True)
class Reference:
    """A foreign key of a table, also one that is declared NOT ENFORCED."""

    name: str
    is_enforced: bool
    definition: str
    to_table: str
    columns: Sequence[str]
    to_columns: Sequence[str]

    def is_among(self, others: "Iterable[Reference]") -> bool:
        """Tell whether one of these says the same, by whatever name."""
        return any(self.says == other.says for other in others)

    @property
    def says(self) -> tuple[object, ...]:
        return self.is_enforced, self.to_table, self.columns, self.to_columns


def partitions_of(table: PartitionedTable) -> list[Partition]:
    """Return a table's partitions in the order of their bounds."""
    with connection.cursor() as cursor:
        cursor.execute(PARTITIONS, [table.name])
        rows = cursor.fetchall()
    found = [
        Partition(table, name, *_bounds(bounds), pending)
        for name, bounds, pending in rows
    ]
    return sorted(found, key=lambda partition: partition.start)


@dataclass(frozen=True)
class SizedTable:
    """A partitioned table: each partition with its rows as estimated, and its bytes."""

    name: str
    partitions: Sequence["SizedPartition"]

    @property
    def bytes(self) -> int:
        return sum(partition.bytes for partition in self.partitions)


@dataclass(frozen=True)
class SizedPartition:
    name: str
    rows: int | None  # None: nobody estimated them yet
    bytes: int  # with indexes and what is stored aside


def sizes_by_table() -> list[SizedTable]:
    """Return all partitions that are attached, the newest first, by one query."""
    names = [table.name for table in PARTITIONED_TABLES]
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [names])
        rows = cursor.fetchall()
    return [
        SizedTable(
            name,
            [
                SizedPartition(partition, None if estimate < 0 else estimate, size)
                for parent, partition, estimate, size in rows
                if parent == name
            ],
        )
        for name in names
    ]


def periods_ahead_of(now: datetime) -> dict[str, int]:
    """Return of each table how many periods after the present one have a partition.

    Without a gap, by one query.
    """
    names = [table.name for table in PARTITIONED_TABLES]
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [names])
        present = {name for (name,) in cursor.fetchall()}
    return {
        table.name: sum(
            1 for _ in takewhile(present.__contains__, _names_later(table, now))
        )
        for table in PARTITIONED_TABLES
    }


def _names_later(table: PartitionedTable, now: datetime) -> Iterator[str]:
    start = table.period_start(now)
    while True:
        start = table.next_period(start)
        yield table.partition_name(start)


def partition_named(table: PartitionedTable, name: str) -> Partition | None:
    """Return the partition, if it is attached or half detached."""
    found = (each for each in partitions_of(table) if each.name == name)
    return next(found, None)


def is_attached(table: PartitionedTable, name: str) -> bool:
    found = partition_named(table, name)
    return found is not None and not found.is_detach_pending


def detach(table: PartitionedTable, name: str) -> None:
    """Detach a partition, or finish what was begun; one that is none is left alone.

    Outside of a transaction, which it needs to be concurrent to readers and writers.
    """
    found = partition_named(table, name)
    if found is None:
        return
    how = "FINALIZE" if found.is_detach_pending else "CONCURRENTLY"
    execute(
        f"ALTER TABLE {{parent}} DETACH PARTITION {{partition}} {how}",
        parent=table.name,
        partition=name,
    )


def table_exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        return bool(cursor.fetchone()[0])


def is_partition(name: str) -> bool:
    """Tell whether a table is attached to another; one that is not there is not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_class"
            " WHERE oid = to_regclass(%s) AND relispartition)",
            [name],
        )
        return bool(cursor.fetchone()[0])


def count_rows(name: str) -> int:
    with connection.cursor() as cursor:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        cursor.execute(query.as_string())
        return int(cursor.fetchone()[0])


def own_checks_of(name: str) -> list[str]:
    """Return a partition's CHECK constraints that its table does not have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass"
            " AND contype = 'c' AND coninhcount = 0 ORDER BY conname",
            [name],
        )
        return [name for (name,) in cursor.fetchall()]


def columns_of(name: str) -> list[Column]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [name])
        return [Column(*row) for row in cursor.fetchall()]


def references_of(name: str) -> list[Reference]:
    with connection.cursor() as cursor:
        cursor.execute(REFERENCES, [name])
        return [Reference(*row) for row in cursor.fetchall()]


def execute(statement: str, **parts: sql.Composable | str) -> int:
    """Run a statement whose {names} are identifiers or pieces of SQL; count rows."""
    pieces = {
        name: sql.Identifier(part) if isinstance(part, str) else part
        for name, part in parts.items()
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**pieces).as_string())
        return int(cursor.rowcount)


def _bounds(expression: str) -> tuple[datetime, datetime]:
    # Told in the session's time zone, which Django sets to UTC.
    found = BOUNDS.fullmatch(expression)
    if found is None:
        raise ValueError(f"not the bounds of a range: {expression}")
    start, end = (datetime.fromisoformat(moment) for moment in found.groups())
    return start.astimezone(UTC), end.astimezone(UTC)
