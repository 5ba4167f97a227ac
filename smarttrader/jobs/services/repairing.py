"""A damaged archive is written anew while a table holds its rows still."""

from datetime import datetime

from django.db import transaction

from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, ArchiveState
from smarttrader.jobs.services.archiving import (
    Progress,
    note_detached,
    source_of,
    verify_noted,
    write_archive,
)
from smarttrader.jobs.services.locks import archive_lock
from smarttrader.lib.errors import DomainError


class NoRowsLeft(DomainError):
    code = "NO_ROWS_LEFT"
    title = "No table holds the rows of this partition any more"
    kind = "missing"


def archive_again(*, partition: str, now: datetime, on_progress: Progress) -> int:
    """Replace the archives of a partition by new generations; count the files written.

    Of a detached table they are written at once, and its seven days begin anew. Of an
    attached one the next `archive_partitions` does it. The former records are
    superseded, their files stay. Raises NoRowsLeft, ArchiveBusy.
    """
    with archive_lock():
        is_standing = catalog.table_exists(partition)
        detached = [
            archive
            for archive in ArchivedPartition.objects.away(partition)
            if archive.state == ArchiveState.DETACHED
            and catalog.table_exists(archive.detached_table)
        ]
        if not detached and not is_standing:
            raise NoRowsLeft(f"no table holds the rows of {partition}")
        copies = ArchivedPartition.objects.copies(partition)
        if is_standing:
            copies = copies.exclude(state=ArchiveState.RESTORED)
        # Without such a table, they are what a killed run of this has left.
        copies.update(state=ArchiveState.SUPERSEDED)
        for archive in detached:
            _replace(archive, now, on_progress)
    return len(detached)


def _replace(archive: ArchivedPartition, now: datetime, on_progress: Progress) -> None:
    source = source_of(archive, archive.detached_table)
    successor = write_archive(source=source, now=now, on_progress=on_progress)
    verify_noted(successor, now, on_progress)
    with transaction.atomic():
        ArchivedPartition.objects.filter(pk=archive.pk).update(
            state=ArchiveState.SUPERSEDED
        )
        note_detached(successor, archive.detached_table, now)
