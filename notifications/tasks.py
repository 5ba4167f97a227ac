"""What the clock asks of notifications."""

from celery import shared_task

from notifications import services
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="notifications.delete_old")
@recorded_job("notifications.delete_old")
def delete_old() -> int:
    return services.delete_old_notifications(now=clock.now())
