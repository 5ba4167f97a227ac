"""Retention: partitions past their age go to the archive, then away.

Archived, verified, detached, seven days later dropped. Each step leaves a record or
nothing, and the next run goes on from what it finds: docs/adr/0007-archive.md. Archives
themselves may have an end as well: smarttrader/jobs/services/expiring.py.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, connection, transaction

from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, ArchiveState
from smarttrader.jobs.partitions import PARTITIONED_TABLES, PartitionedTable
from smarttrader.jobs.services.archiving import (
    Progress,
    Source,
    check_file,
    has_rows_of,
    note_detached,
    note_verified,
    noting_errors,
    source_of,
    verify_noted,
    write_archive,
)
from smarttrader.jobs.services.expiring import delete_archive, expired_archives
from smarttrader.jobs.services.locks import archive_lock, patiently
from smarttrader.lib.errors import DomainError

DROPPED_AFTER = timedelta(days=7)
ROUNDS = 3

logger = logging.getLogger(__name__)


class ArchivesFailed(DomainError):
    code = "ARCHIVES_FAILED"
    title = "Some partitions could not be archived or dropped"
    kind = "conflict"


class RollupsBehind(DomainError):
    code = "ROLLUPS_BEHIND"
    title = "Roll-ups have not passed the end of this partition"
    kind = "conflict"


class StillChanging(DomainError):
    code = "STILL_CHANGING"
    title = "The partition changes as fast as it is archived"
    kind = "conflict"


class StillAttached(DomainError):
    code = "STILL_ATTACHED"
    title = "A table that should have been detached is a partition"
    kind = "conflict"


def archive_partitions(*, now: datetime, on_progress: Progress) -> int:
    """Archive and detach what is past its retention, drop what was detached a week ago.

    Deletes the archives that are past ARCHIVE_KEEP_DAYS. Returns how many partitions
    were detached and dropped, and archives deleted. A partition that fails stops
    no other: it keeps the error in its record and in the log, and ArchivesFailed is
    raised at the end. Raises ArchiveBusy when another session is at it.
    """
    failures: list[str] = []
    done = 0
    with archive_lock():
        for name, step in _steps(now, on_progress):
            done += _attempt(name, step, failures)
    if failures:
        raise ArchivesFailed("; ".join(failures))
    return done


def overdue(
    table: PartitionedTable, *, now: datetime, grace: timedelta = timedelta(0)
) -> list[catalog.Partition]:
    """Return a table's partitions that ended longer ago than they are to be kept.

    Those that were restored are left out until their time is over.
    """
    if table.retention_days is None:
        return []
    latest_end = now - timedelta(days=table.retention_days) - grace
    kept = set(ArchivedPartition.objects.kept(now).values_list("partition", flat=True))
    return [
        partition
        for partition in catalog.partitions_of(table)
        if partition.end <= latest_end and partition.name not in kept
    ]


def _steps(
    now: datetime, on_progress: Progress
) -> Iterator[tuple[str, Callable[[], None]]]:
    for table in PARTITIONED_TABLES:
        for source in _due(table, now):
            yield source.partition, partial(_put_away, source, now, on_progress)
    for archive in ArchivedPartition.objects.filter(
        state=ArchiveState.DETACHED, detached_at__lte=now - DROPPED_AFTER
    ).order_by("starts_at", "generation"):
        yield archive.partition, partial(_drop, archive, now, on_progress)
    for archive in expired_archives(now):
        yield (
            archive.partition,
            partial(delete_archive, archive=archive, on_progress=on_progress),
        )


def _due(table: PartitionedTable, now: datetime) -> list[Source]:
    """Return what to put away, also what a killed run has detached and not renamed."""
    due = {
        partition.name: Source(
            table, partition.name, partition.name, partition.start, partition.end
        )
        for partition in overdue(table, now=now)
    }
    attached = {partition.name for partition in catalog.partitions_of(table)}
    for archive in ArchivedPartition.objects.filter(
        table=table.name, state=ArchiveState.VERIFIED
    ).exclude(partition__in=attached):
        if catalog.table_exists(archive.partition):
            due[archive.partition] = source_of(archive, archive.partition)
    return list(due.values())


def _attempt(name: str, step: Callable[[], None], failures: list[str]) -> int:
    try:
        step()
    except (DomainError, DatabaseError, OSError) as error:
        # One partition's trouble must not keep the others.
        if not connection.is_usable():
            raise
        logger.exception("the archive of %s failed", name)
        failures.append(f"{name}: {error}")
        return 0
    return 1


def _put_away(source: Source, now: datetime, on_progress: Progress) -> None:
    archive = _verified_archive(source, now, on_progress)
    for _ in range(ROUNDS):
        patiently(partial(catalog.detach, source.table, source.partition))
        if patiently(partial(_settle, source, archive, now)):
            on_progress(f"{archive}: detached")
            return
        # Rows came or went after they were archived. Nothing writes to the table now
        # that it is no partition, so the next archive is complete.
        on_progress(f"{archive}: rows have changed since, archived again")
        archive = write_archive(source=source, now=now, on_progress=on_progress)
        verify_noted(archive, now, on_progress)
    raise StillChanging


def _verified_archive(
    source: Source, now: datetime, on_progress: Progress
) -> ArchivedPartition:
    """Return the archive that a former run wrote of this table, or a new one."""
    archive = (
        ArchivedPartition.objects.copies(source.partition)
        .exclude(state=ArchiveState.RESTORED)
        .last()
    )
    if archive is None:
        archive = write_archive(source=source, now=now, on_progress=on_progress)
    if archive.state == ArchiveState.WRITTEN:
        verify_noted(archive, now, on_progress)
    return archive


def _settle(source: Source, archive: ArchivedPartition, now: datetime) -> bool:
    """Give a detached table its own name, if the archive holds just what it does.

    Compares under a lock that leaves no writer: late rows may have come in after the
    snapshot, and somebody who found the partition missing may have attached it again.
    """
    archived_name = f"{source.partition}_archived_{archive.generation}"
    with transaction.atomic():
        catalog.execute(
            "LOCK TABLE {relation} IN ACCESS EXCLUSIVE MODE", relation=source.relation
        )
        if catalog.is_partition(source.relation) or not has_rows_of(archive, source):
            return False
        catalog.execute(
            "ALTER TABLE {relation} RENAME TO {archived_name}",
            relation=source.relation,
            archived_name=archived_name,
        )
        # Former archives of the same table, restored ones too: this one holds it all.
        ArchivedPartition.objects.copies(source.partition).exclude(
            pk=archive.pk
        ).update(state=ArchiveState.SUPERSEDED)
        note_detached(archive, archived_name, now)
    return True


def _drop(archive: ArchivedPartition, now: datetime, on_progress: Progress) -> None:
    with noting_errors(archive):
        _require_rollups_past(archive.ends_at)
        on_progress(f"{archive}: reading {archive.bytes:,} bytes")
        check_file(archive)
        note_verified(archive=archive, now=now)
        patiently(partial(_drop_table, archive, now))
    on_progress(f"{archive}: dropped")


def _drop_table(archive: ArchivedPartition, now: datetime) -> None:
    with transaction.atomic():
        if catalog.is_partition(archive.detached_table):
            raise StillAttached(f"{archive.detached_table} is a partition")
        catalog.execute("DROP TABLE IF EXISTS {table}", table=archive.detached_table)
        ArchivedPartition.objects.filter(pk=archive.pk).update(
            state=ArchiveState.DROPPED, dropped_at=now, detached_table=""
        )


def _require_rollups_past(end: datetime) -> None:
    """Refuse while an hour before `end` waits for its roll-up.

    A mark is written in the transaction of its trade, and taken in that of its metrics:
    no mark means that all is computed. The table belongs to analytics, above us.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rollup_dirty WHERE hour_start < %s", [end])
        (waiting,) = cursor.fetchone()
    if waiting:
        raise RollupsBehind(f"{waiting} hours before {end:%Y-%m-%d} are not rolled up")
