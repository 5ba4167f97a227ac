"""What the clock asks of analytics."""

from celery import shared_task

from analytics.services import guard, rollups
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="analytics.roll_up")
@recorded_job("analytics.roll_up")
def roll_up() -> int:
    return rollups.roll_up(now=clock.now())


@shared_task(name="analytics.guard_risks")
@recorded_job("analytics.guard_risks")
def guard_risks() -> int:
    return guard.sweep(now=clock.now())
