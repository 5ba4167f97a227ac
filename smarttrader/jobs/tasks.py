"""Jobs about tables, not about trades."""

from celery import current_app, shared_task

from smarttrader.jobs import partitions, runs
from smarttrader.jobs.runs import recorded_job
from smarttrader.jobs.services import invariants, requests, retention
from smarttrader.jobs.services.locks import ArchiveBusy
from smarttrader.lib import clock


@shared_task(name="jobs.ensure_partitions")
@recorded_job("jobs.ensure_partitions")
def ensure_partitions() -> int:
    return partitions.ensure_partitions_ahead(now=clock.now())


@shared_task(name="jobs.archive_partitions")
@recorded_job("jobs.archive_partitions")
def archive_partitions() -> int:
    try:
        return retention.archive_partitions(
            now=clock.now(), on_progress=runs.log_progress
        )
    except ArchiveBusy as busy:
        # Two beats, or a long run's message delivered anew: the other does it all.
        runs.log_progress(busy.message)
        return 0


@shared_task(name="jobs.check_invariants")
@recorded_job("jobs.check_invariants")
def check_invariants() -> int:
    return invariants.check_invariants(now=clock.now(), on_progress=runs.log_progress)


@shared_task(name="jobs.delete_old_runs")
@recorded_job("jobs.delete_old_runs")
def delete_old_runs() -> int:
    now = clock.now()
    settled = requests.delete_old_requests(before=now - runs.KEPT)
    return settled + runs.delete_old_runs(now=now)


# Each minute, so it leaves no record: the requests are one.
@shared_task(name="jobs.run_requests")
def run_requests() -> int:
    return requests.run_requests(
        now=clock.now(), start=current_app.send_task, on_progress=runs.log_progress
    )
