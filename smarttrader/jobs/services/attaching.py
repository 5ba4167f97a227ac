"""A table with a partition's rows becomes that partition, or a part of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from django.db import connection, transaction
from psycopg import sql

from smarttrader.jobs import catalog
from smarttrader.jobs.catalog import Reference
from smarttrader.jobs.columns import names_of
from smarttrader.jobs.partitions import announce_partitions, lock_partitions
from smarttrader.jobs.services.archiving import Source
from smarttrader.jobs.services.locks import patiently

BOUNDS = "{key} >= {start} AND {key} < {end}"
ADD_BOUNDS = f"""
ALTER TABLE {{relation}} DROP CONSTRAINT IF EXISTS {{bounds}},
    ADD CONSTRAINT {{bounds}} CHECK ({BOUNDS})
"""
ATTACH = """
ALTER TABLE {parent} ATTACH PARTITION {partition} FOR VALUES FROM ({start}) TO ({end})
"""
MERGE = """
INSERT INTO {partition} ({columns}) SELECT {columns} FROM {relation}
ON CONFLICT DO NOTHING
"""
# Whoever deletes one of these rows has to wait, and then finds the partition attached.
LOCK_REFERRED = """
SELECT count(*) FROM (
    SELECT FROM {to_table} t
    JOIN (SELECT DISTINCT {columns} FROM {relation}) r ON {matches} FOR KEY SHARE OF t
) locked
"""
DELETE_ORPHANS = """
DELETE FROM {relation} o USING (
    SELECT DISTINCT {columns} FROM {relation} r
    WHERE NOT EXISTS (SELECT FROM {to_table} t WHERE {matches}) AND {present}
) r
WHERE {same}
"""


@dataclass(frozen=True)
class Attached:
    """How many rows came, and how many did not.

    `orphans` belonged to what has been deleted since they were archived; `present` were
    in the partition already, whose rows win.
    """

    rows: int = 0
    orphans: int = 0
    present: int = 0

    def __add__(self, other: Self) -> "Attached":
        return Attached(
            self.rows + other.rows,
            self.orphans + other.orphans,
            self.present + other.present,
        )


def attach(source: Source, and_then: Callable[[], None]) -> Attached:
    """Make a table the partition whose rows it has, or move them into that partition.

    Calls `and_then` in the same transaction. Rows whose bot or trade was deleted are
    left out. Foreign keys are checked before, under weak locks: ATTACH by itself would
    check them while it locks out all who write to bot_instances.
    """
    references = catalog.references_of(source.table.name)
    for reference in references:
        patiently(partial(_add_reference, source.relation, reference))
    patiently(partial(catalog.execute, ADD_BOUNDS, **_bounds(source)))
    attached = patiently(partial(_attach, source, references, and_then))
    patiently(partial(announce_partitions, source.table))
    return attached


def _attach(
    source: Source, references: list[Reference], and_then: Callable[[], None]
) -> Attached:
    with transaction.atomic():
        lock_partitions(source.table)
        orphans = sum(_delete_orphans(source.relation, each) for each in references)
        for reference in references:
            _validate(source.relation, reference)
        rows = catalog.count_rows(source.relation)
        if catalog.is_attached(source.table, source.partition):
            moved = _merge(source)
        else:
            moved = rows
            _attach_whole(source)
        and_then()
    return Attached(moved, orphans, rows - moved)


def _attach_whole(source: Source) -> None:
    if source.relation != source.partition:
        catalog.execute(
            "ALTER TABLE {relation} RENAME TO {partition}",
            relation=source.relation,
            partition=source.partition,
        )
    catalog.execute(ATTACH, **_bounds(source))
    # Ours, and the one that DETACH left: no other partition has them.
    for name in catalog.own_checks_of(source.partition):
        catalog.execute(
            "ALTER TABLE {partition} DROP CONSTRAINT {name}",
            partition=source.partition,
            name=name,
        )


def _merge(source: Source) -> int:
    """Move the rows into a partition that was made since the table was detached."""
    columns = names_of(catalog.columns_of(source.relation))
    moved = catalog.execute(
        MERGE,
        partition=source.partition,
        relation=source.relation,
        columns=columns,
    )
    catalog.execute("DROP TABLE {relation}", relation=source.relation)
    return moved


def _add_reference(relation: str, reference: Reference) -> None:
    """Let deletions cascade to a table that is not attached yet, unchecked so far."""
    if not reference.is_enforced or reference.is_among(catalog.references_of(relation)):
        return
    catalog.execute(
        "ALTER TABLE {relation} ADD {definition} NOT VALID",
        relation=relation,
        definition=sql.SQL(reference.definition),
    )


def _validate(relation: str, reference: Reference) -> None:
    for ours in catalog.references_of(relation):
        if ours.is_enforced and reference.is_among([ours]):
            catalog.execute(
                "ALTER TABLE {relation} VALIDATE CONSTRAINT {name}",
                relation=relation,
                name=ours.name,
            )


def _delete_orphans(relation: str, reference: Reference) -> int:
    parts = {
        "relation": sql.Identifier(relation),
        "to_table": sql.Identifier(reference.to_table),
        "columns": sql.SQL(", ").join(map(sql.Identifier, reference.columns)),
        "matches": _all("t.{} = r.{}", reference.to_columns, reference.columns),
        "same": _all("o.{} = r.{}", reference.columns, reference.columns),
        "present": _all("r.{} IS NOT NULL", reference.columns),
    }
    with connection.cursor() as cursor:
        # Trades are many: they are looked up by the keys, each in its partition.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
    catalog.execute(LOCK_REFERRED, **parts)
    return catalog.execute(DELETE_ORPHANS, **parts)


def _all(condition: str, *columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL(condition).format(*map(sql.Identifier, names))
        for names in zip(*columns, strict=True)
    )


def _bounds(source: Source) -> dict[str, sql.Composable]:
    return {
        "parent": sql.Identifier(source.table.name),
        "relation": sql.Identifier(source.relation),
        "partition": sql.Identifier(source.partition),
        "bounds": sql.Identifier(f"{source.partition}_bounds"),
        "key": sql.Identifier(source.table.key),
        "start": sql.Literal(source.start.isoformat()),
        "end": sql.Literal(source.end.isoformat()),
    }
