"""What staff want done out of turn: noted by the back office, done by a worker."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from smarttrader.jobs.models import JobRequest
from smarttrader.jobs.services.archiving import Progress
from smarttrader.jobs.services.locks import ArchiveBusy
from smarttrader.jobs.services.restoring import restore_partition

RESTORE = "restore"
MOST_ATTEMPTS = 3

logger = logging.getLogger(__name__)


def request_job(
    *, job: str, reason: str, requested_by: uuid.UUID | None, now: datetime
) -> None:
    """Ask for a run of a job; one that waits already is enough."""
    _note(
        JobRequest(job=job, reason=reason, requested_by=requested_by, requested_at=now)
    )


def request_restore(
    *,
    partition: str,
    days: int,
    reason: str,
    requested_by: uuid.UUID | None,
    now: datetime,
) -> None:
    """Ask for an archived partition; one that is waited for already is enough."""
    _note(
        JobRequest(
            job=RESTORE,
            partition=partition,
            days=days,
            reason=reason,
            requested_by=requested_by,
            requested_at=now,
        )
    )


def run_requests(
    *, now: datetime, start: Callable[[str], object], on_progress: Progress
) -> int:
    """Do what was asked for, the oldest first; return how many are settled.

    `start` hands a job to the workers. A worker that is killed leaves a request that
    the next one does again; what fails three times is given up, with its error.
    """
    waiting = JobRequest.objects.waiting().order_by("requested_at", "id")
    return sum(
        _restore(request, now, on_progress)
        if request.job == RESTORE
        else _start(request, now, start)
        for request in waiting
    )


def delete_old_requests(*, before: datetime) -> int:
    """Delete what was settled before a moment; count the rows."""
    deleted, _ = JobRequest.objects.filter(finished_at__lt=before).delete()
    return deleted


def _note(request: JobRequest) -> None:
    JobRequest.objects.bulk_create([request], ignore_conflicts=True)


def _start(request: JobRequest, now: datetime, start: Callable[[str], object]) -> bool:
    with transaction.atomic():
        # Of two workers the second finds it locked, and passes by.
        waiting = JobRequest.objects.waiting().select_for_update(skip_locked=True)
        if not waiting.filter(pk=request.pk).exists():
            return False
        start(request.job)
        return _finish(request, now)


def _restore(request: JobRequest, now: datetime, on_progress: Progress) -> bool:
    waiting = JobRequest.objects.waiting().filter(pk=request.pk)
    if request.attempts >= MOST_ATTEMPTS:
        return _finish(request, now, request.error or "its worker ended three times")
    if not waiting.update(attempts=F("attempts") + 1):
        return False
    try:
        restore_partition(
            name=request.partition,
            days=request.days or 1,
            now=now,
            on_progress=on_progress,
        )
    except ArchiveBusy:
        # Whoever is at work has the lock: this was no try.
        waiting.update(attempts=F("attempts") - 1)
        return False
    except Exception as error:
        logger.exception("%s could not be done", request)
        waiting.update(error=f"{type(error).__name__}: {error}")
        return False
    return _finish(request, now)


def _finish(request: JobRequest, now: datetime, error: str = "") -> bool:
    waiting = JobRequest.objects.waiting().filter(pk=request.pk)
    return bool(waiting.update(finished_at=now, error=error))
