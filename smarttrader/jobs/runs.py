"""Keep a JobRun for each run of a job, also of one that fails."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec

from smarttrader.jobs.models import JobRun
from smarttrader.lib import clock

KEPT = timedelta(days=7)
Arguments = ParamSpec("Arguments")


def recorded_job(
    name: str,
) -> Callable[[Callable[Arguments, int]], Callable[Arguments, int]]:
    """Wrap a task that returns a count, so that the admin can show what it did."""

    def wrap(task: Callable[Arguments, int]) -> Callable[Arguments, int]:
        @functools.wraps(task)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
            started_at = clock.now()
            JobRun.objects.filter(job=name, started_at__lt=started_at - KEPT).delete()
            job = JobRun.objects.create(job=name, started_at=started_at)
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
