"""What the clock asks of accounts."""

from celery import shared_task

from accounts.services import events, sessions, verification
from smarttrader.jobs.runs import recorded_job
from smarttrader.lib import clock


@shared_task(name="accounts.delete_old")
@recorded_job("accounts.delete_old")
def delete_old() -> int:
    now = clock.now()
    return (
        sessions.delete_expired_tokens(now=now)
        + verification.delete_expired_codes(now=now)
        + events.delete_old_events(now=now)
    )
