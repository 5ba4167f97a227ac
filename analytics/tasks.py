"""What the clock asks of analytics."""

from celery import shared_task

from analytics.services import equity, guard, rollups
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


@shared_task(name="analytics.note_equity")
@recorded_job("analytics.note_equity")
def note_equity() -> int:
    return equity.note_equity(now=clock.now())


@shared_task(name="analytics.delete_old_equity")
@recorded_job("analytics.delete_old_equity")
def delete_old_equity() -> int:
    return equity.delete_old_equity(now=clock.now())
