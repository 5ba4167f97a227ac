"""Keep a JobRun for each run of a job, also of one that fails."""

import functools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ParamSpec

from smarttrader.jobs.models import JobRun
from smarttrader.lib import clock

KEPT = timedelta(days=7)
Arguments = ParamSpec("Arguments")

logger = logging.getLogger(__name__)


def delete_old_runs(*, now: datetime) -> int:
    """Delete the records of runs that began more than a week ago; count them."""
    deleted, _ = JobRun.objects.filter(started_at__lt=now - KEPT).delete()
    return deleted


def log_progress(line: str) -> None:
    """Say how far a long job has come: a worker has no other standard error."""
    logger.info("%s", line)


def recorded_job(
    name: str,
) -> Callable[[Callable[Arguments, int]], Callable[Arguments, int]]:
    """Wrap a task that returns a count, so that the admin can show what it did."""

    def wrap(task: Callable[Arguments, int]) -> Callable[Arguments, int]:
        @functools.wraps(task)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
            job = JobRun.objects.create(job=name, started_at=clock.now())
            try:
                job.count = task(*args, **kwargs)
            except Exception as error:
                job.error = f"{type(error).__name__}: {error}"
                raise
            finally:
                job.finished_at = clock.now()
                job.save()
            return job.count

        return run

    return wrap
