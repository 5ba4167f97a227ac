"""The end of archives: a file is deleted once its rows are ARCHIVE_KEEP_DAYS old."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from smarttrader.jobs.models import ArchivedPartition, ArchiveState
from smarttrader.jobs.services.archiving import Progress, manifest_of, noting_errors
from smarttrader.jobs.storage import ArchiveStorage


def expired_archives(now: datetime) -> QuerySet[ArchivedPartition]:
    """Return the archives whose last row is too old, of those without a table.

    None while ARCHIVE_KEEP_DAYS is 0. What was restored is archived anew first.
    """
    if settings.ARCHIVE_KEEP_DAYS <= 0:
        return ArchivedPartition.objects.none()
    return ArchivedPartition.objects.filter(
        state__in=[ArchiveState.DROPPED, ArchiveState.SUPERSEDED],
        ends_at__lte=now - timedelta(days=settings.ARCHIVE_KEEP_DAYS),
    ).order_by("starts_at", "generation")


def delete_archive(*, archive: ArchivedPartition, on_progress: Progress) -> None:
    """Delete an archive's file and manifest, then its record, for ever.

    In this order, so that a run that is killed is gone on with, and leaves no file that
    nobody knows of. The caller holds the lock of archives.
    """
    with noting_errors(archive):
        storage = ArchiveStorage()
        storage.remove(archive.file)
        storage.remove(manifest_of(archive))
        archive.delete()
    on_progress(f"{archive}: deleted")
