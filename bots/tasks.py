"""The clock's part in knowing which bots are alive."""

from celery import shared_task

from bots.services import heartbeats
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="bots.sweep_offline")
@recorded_job("bots.sweep_offline")
def sweep_offline() -> int:
    return heartbeats.sweep_offline(now=clock.now())
