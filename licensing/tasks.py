"""The clock's part in the life of licenses."""

from celery import shared_task

from licensing.services import expiry
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="licensing.note_expiries")
@recorded_job("licensing.note_expiries")
def note_expiries() -> int:
    return expiry.note_expiries(now=clock.now())
