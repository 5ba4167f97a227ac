"""One archive: the rows of a table in a Parquet file with a manifest, and read back."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from smarttrader.jobs import parquet
from smarttrader.jobs.catalog import columns_of
from smarttrader.jobs.columns import (
    Column,
    SumsOfBatches,
    columns_told,
    sums_from_row,
    sums_query,
)
from smarttrader.jobs.models import ArchivedPartition, ArchiveState
from smarttrader.jobs.partitions import PartitionedTable
from smarttrader.jobs.storage import ArchiveStorage
from smarttrader.lib.errors import DomainError

FACTS = "SELECT count(*), min({key}), max({key}), {sums} FROM {relation}"
Progress = Callable[[str], None]


class NotArchivable(DomainError):
    code = "NOT_ARCHIVABLE"
    title = "A value of this partition fits no archive"
    kind = "refused"


class ArchiveDamaged(DomainError):
    code = "ARCHIVE_DAMAGED"
    title = "The archive's file is not what was written"
    kind = "conflict"


@dataclass(frozen=True)
class Source:
    """A partition, or a table that was one, and the bounds of its rows' keys."""

    table: PartitionedTable
    partition: str  # its name as a partition
    relation: str  # its name now
    start: datetime
    end: datetime


def source_of(archive: ArchivedPartition, relation: str) -> Source:
    """Return the table that holds an archive's rows."""
    return Source(
        archive.partitioned_table,
        archive.partition,
        relation,
        archive.starts_at,
        archive.ends_at,
    )


def write_archive(
    *, source: Source, now: datetime, on_progress: Progress
) -> ArchivedPartition:
    """Write a table's rows to a new file with a manifest beside it; return its record.

    Reads one snapshot in flat memory and locks out nobody. The file has its name only
    when it is whole, and a name that no archive had before. The caller holds the lock
    of archives. Raises NotArchivable for a value, ColumnNotArchivable for a type that
    Arrow cannot take as it is.
    """
    storage = ArchiveStorage()
    storage.remove_unfinished(source.table.name, source.partition)
    generation = _next_generation(storage, source)
    path = f"{source.table.name}/{source.partition}.{generation}.parquet"

    def tell(rows: int) -> None:
        on_progress(f"{source.partition}: {rows:,} rows read")

    with _snapshot(), storage.new_file(path) as sink:
        columns = columns_of(source.relation)
        facts = _facts(source, columns)
        key = source.table.key
        try:
            content = parquet.write_rows(source.relation, columns, key, sink, tell)
        except pa.ArrowException as error:
            raise NotArchivable(f"{source.relation}: {error}") from error
    archive = ArchivedPartition(
        table=source.table.name,
        partition=source.partition,
        generation=generation,
        starts_at=source.start,
        ends_at=source.end,
        file=path,
        bytes=sink.size,
        sha256=sink.sha256,
        content_sha256=content,
        state=ArchiveState.WRITTEN,
        written_at=now,
        **facts,
    )
    _write_manifest(storage, archive)
    archive.save(force_insert=True)
    on_progress(f"{archive}: written")
    return archive


def verify_archive(*, archive: ArchivedPartition, now: datetime) -> None:
    """Read a file back, compare all that its record says, and note that it is whole.

    Raises ArchiveDamaged for a file that is missing, cut off or changed, and for one
    whose rows, sums or keys are not those that the database had.
    """
    check_file(archive)
    try:
        found = _read_back(archive)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveDamaged(f"{archive.file} cannot be read: {error}") from error
    wrong = [name for name, value in found.items() if getattr(archive, name) != value]
    if wrong:
        raise ArchiveDamaged(f"{archive.file} differs in: {', '.join(wrong)}")
    note_verified(archive=archive, now=now)


def verify_noted(
    archive: ArchivedPartition, now: datetime, on_progress: Progress
) -> None:
    """Verify an archive; one that is damaged keeps the reason in its record."""
    with noting_errors(archive):
        verify_archive(archive=archive, now=now)
    on_progress(f"{archive}: verified")


def note_verified(*, archive: ArchivedPartition, now: datetime) -> None:
    """Note that an archive's file was found whole."""
    archive.verified_at, archive.error = now, ""
    fields = ["verified_at", "error"]
    if archive.state == ArchiveState.WRITTEN:
        archive.state = ArchiveState.VERIFIED
        fields += ["state"]
    # Another session may be changing the state.
    archive.save(update_fields=fields)


def note_detached(archive: ArchivedPartition, table: str, now: datetime) -> None:
    """Note that an archive's rows are in a table that is a partition no more."""
    archive.state = ArchiveState.DETACHED
    archive.detached_table, archive.detached_at = table, now
    archive.keep_until = None
    archive.save()


@contextmanager
def noting_errors(archive: ArchivedPartition) -> Iterator[None]:
    """Keep the reason of a failure in the archive's record, for staff to see."""
    try:
        yield
    except (DomainError, DatabaseError, OSError) as error:
        with suppress(DatabaseError):
            ArchivedPartition.objects.filter(pk=archive.pk).update(error=str(error))
        raise


def check_file(archive: ArchivedPartition) -> None:
    """Make sure that a file has the size and the sha256 it was written with.

    Raises ArchiveDamaged.
    """
    storage = ArchiveStorage()
    try:
        size, sha256 = storage.size(archive.file), storage.sha256(archive.file)
    except FileNotFoundError as error:
        raise ArchiveDamaged(f"{archive.file} is missing") from error
    except OSError as error:
        raise ArchiveDamaged(f"{archive.file} cannot be read: {error}") from error
    if size != archive.bytes:
        raise ArchiveDamaged(f"{archive.file} has {size} bytes, not {archive.bytes}")
    if sha256 != archive.sha256:
        raise ArchiveDamaged(f"{archive.file} has another sha256")


def has_rows_of(archive: ArchivedPartition, source: Source) -> bool:
    """Tell whether a table has the columns and the rows of an archive, no others."""
    columns = columns_told(archive.columns)
    if columns_of(source.relation) != columns:
        return False
    content = parquet.content_sha256(source.relation, columns, source.table.key)
    return content == archive.content_sha256


@contextmanager
def _snapshot() -> Iterator[None]:
    """Let the rows and the facts about them be of one moment."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _next_generation(storage: ArchiveStorage, source: Source) -> int:
    """Return a number that no record and no file has.

    A database that was set back knows less than the folder, whose files may be all that
    is left of their rows.
    """
    records = ArchivedPartition.objects.filter(partition=source.partition)
    used = set(records.values_list("generation", flat=True))
    for name in storage.names(source.table.name):
        partition, number, *_ = [*name.split("."), ""]
        if partition == source.partition and number.isdigit():
            used.add(int(number))
    return max(used, default=0) + 1


def _facts(source: Source, columns: Sequence[Column]) -> dict[str, Any]:
    statement = sql.SQL(FACTS).format(
        key=sql.Identifier(source.table.key),
        sums=sums_query(columns),
        relation=sql.Identifier(source.relation),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string())
        rows, first_key, last_key, *sums = cursor.fetchone()
    return {
        "rows": rows,
        "first_key": first_key,
        "last_key": last_key,
        "columns": sums_from_row(columns, sums),
    }


def _read_back(archive: ArchivedPartition) -> dict[str, Any]:
    """Return of a file what `_facts` returns of a table."""
    sums, rows = SumsOfBatches(columns_told(archive.columns)), 0
    keys: list[datetime] = []
    with ArchiveStorage().open(archive.file) as stream:
        for batch in parquet.read_batches(stream):
            sums.add(batch)
            rows += batch.num_rows
            bounds = pc.min_max(batch.column(archive.partitioned_table.key)).as_py()
            keys += [bounds["min"], bounds["max"]]
    return {
        "rows": rows,
        "first_key": min(keys, default=None),
        "last_key": max(keys, default=None),
        "columns": sums.told(),
    }


def manifest_of(archive: ArchivedPartition) -> str:
    """Return the path of the manifest that lies beside an archive's file."""
    return archive.file.removesuffix(".parquet") + ".json"


def _write_manifest(storage: ArchiveStorage, archive: ArchivedPartition) -> None:
    told = {
        name: getattr(archive, name)
        for name in (
            *("table", "partition", "generation", "starts_at", "ends_at"),
            *("file", "bytes", "sha256", "rows", "first_key", "last_key"),
            *("content_sha256", "columns", "written_at"),
        )
    }
    with storage.new_file(manifest_of(archive)) as sink:
        sink.write(json.dumps(told, indent=1, default=datetime.isoformat).encode())
