"""Archived partitions come back: from the table that was detached, or from the file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pyarrow as pa
from django.db import transaction

from smarttrader.jobs import catalog, parquet
from smarttrader.jobs.columns import columns_told
from smarttrader.jobs.models import ArchivedPartition, ArchiveState
from smarttrader.jobs.services.archiving import (
    ArchiveDamaged,
    Progress,
    Source,
    check_file,
    noting_errors,
    source_of,
    verify_noted,
)
from smarttrader.jobs.services.attaching import Attached, attach
from smarttrader.jobs.services.locks import archive_lock, patiently
from smarttrader.jobs.storage import ArchiveStorage
from smarttrader.lib.errors import DomainError

CREATE_TABLE = """
CREATE TABLE {relation} (
    LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
    INCLUDING INDEXES
)"""


class ArchiveUnknown(DomainError):
    code = "ARCHIVE_UNKNOWN"
    title = "No archive of this partition is known"
    kind = "missing"


class ColumnsGone(DomainError):
    code = "COLUMNS_GONE"
    title = "The table has lost columns that the archive has"
    kind = "conflict"


@dataclass(frozen=True)
class Keeping:
    """Since when, and until when, retention leaves a restored partition alone."""

    now: datetime
    until: datetime


def restore_partition(
    *, name: str, days: int, now: datetime, on_progress: Progress
) -> Attached:
    """Bring all archived rows of a partition back, attached, for so many days.

    Takes them from detached tables while they stand, else from files, which it checks
    before and after. A partition that was made since, for late rows, takes them in. Of
    a partition that is there already only the time is prolonged. Each archive comes
    back whole or not at all; a run that was killed is run again. Raises ArchiveUnknown,
    ArchiveDamaged, ColumnsGone, ArchiveBusy.
    """
    keeping = Keeping(now, now + timedelta(days=days))
    total = Attached()
    with archive_lock():
        away = list(ArchivedPartition.objects.away(name))
        copies = list(ArchivedPartition.objects.copies(name))
        if not away and not copies:
            raise ArchiveUnknown(f"no archive of {name} is known")
        if copies and not catalog.is_attached(copies[-1].partitioned_table, name):
            total += _attach_unfinished(copies[-1], keeping)
        for archive in away:
            with noting_errors(archive):
                total += _restore(archive, keeping, on_progress)
            on_progress(f"{archive}: restored")
        for archive in copies:
            _prolong(archive, keeping, on_progress)
    return total


def _attach_unfinished(archive: ArchivedPartition, keeping: Keeping) -> Attached:
    """Attach what a killed run of retention has detached, and not renamed."""
    # Half detached, it has to be detached first.
    detach = partial(catalog.detach, archive.partitioned_table, archive.partition)
    patiently(detach)
    return _attach(source_of(archive, archive.partition), archive, keeping)


def _restore(
    archive: ArchivedPartition, keeping: Keeping, on_progress: Progress
) -> Attached:
    if archive.detached_table and catalog.table_exists(archive.detached_table):
        return _attach(source_of(archive, archive.detached_table), archive, keeping)
    relation = f"{archive.partition}_restored_{archive.generation}"
    source = source_of(archive, relation)
    _load(source, archive, on_progress)
    return _attach(source, archive, keeping)


def _load(source: Source, archive: ArchivedPartition, on_progress: Progress) -> None:
    """Make a table of an archive's rows, and see that they are the ones archived."""
    columns = columns_told(archive.columns)
    known = {column.name for column in catalog.columns_of(source.table.name)}
    if gone := sorted({column.name for column in columns} - known):
        raise ColumnsGone(f"{source.table.name} has no {', '.join(gone)}")
    check_file(archive)

    def tell(rows: int) -> None:
        on_progress(f"{archive}: {rows:,} rows copied")

    with transaction.atomic():
        # A killed run may have left it.
        catalog.execute("DROP TABLE IF EXISTS {relation}", relation=source.relation)
        catalog.execute(
            CREATE_TABLE, relation=source.relation, parent=source.table.name
        )
        try:
            with ArchiveStorage().open(archive.file) as stream:
                batches = parquet.read_batches(stream)
                parquet.copy_rows_in(source.relation, columns, batches, tell)
        except (pa.ArrowException, OSError) as error:
            raise ArchiveDamaged(f"{archive.file} cannot be read: {error}") from error
        content = parquet.content_sha256(source.relation, columns, source.table.key)
        if content != archive.content_sha256:
            raise ArchiveDamaged(f"{archive.file} does not give the rows archived")


def _attach(source: Source, archive: ArchivedPartition, keeping: Keeping) -> Attached:
    """Attach a table, and in the same transaction say that it is kept."""
    return attach(source, partial(_note_restored, archive, keeping))


def _prolong(
    archive: ArchivedPartition, keeping: Keeping, on_progress: Progress
) -> None:
    if archive.state == ArchiveState.WRITTEN:
        verify_noted(archive, keeping.now, on_progress)
    _note_restored(archive, keeping)
    on_progress(f"{archive}: kept until {keeping.until:%Y-%m-%d}")


def _note_restored(archive: ArchivedPartition, keeping: Keeping) -> None:
    archive.state, archive.error = ArchiveState.RESTORED, ""
    archive.detached_table = ""
    archive.restored_at, archive.keep_until = keeping.now, keeping.until
    archive.save()
