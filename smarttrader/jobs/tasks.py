"""Jobs about tables, not about trades."""

from celery import shared_task

from smarttrader.jobs import partitions
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="jobs.ensure_partitions")
@recorded_job("jobs.ensure_partitions")
def ensure_partitions() -> int:
    return partitions.ensure_partitions_ahead(now=clock.now())
