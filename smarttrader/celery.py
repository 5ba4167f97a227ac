"""The Celery application and the one beat schedule."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smarttrader.settings")

app = Celery("smarttrader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE = 60.0
DAY = 24 * 60 * MINUTE

# Each job does everything due since it last succeeded: a missed run heals at the next.
app.conf.beat_schedule = {
    "analytics.roll_up": {
        "task": "analytics.roll_up",
        "schedule": MINUTE,
        # Without a worker for an hour, one run heals all of it.
        "options": {"expires": MINUTE},
    },
    # Twice a minute, so that a limit is acted upon within one.
    "analytics.guard_risks": {
        "task": "analytics.guard_risks",
        "schedule": MINUTE / 2,
        "options": {"expires": MINUTE / 2},
    },
    "analytics.note_equity": {
        "task": "analytics.note_equity",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "analytics.delete_old_equity": {
        "task": "analytics.delete_old_equity",
        "schedule": crontab(hour="1", minute="50"),
    },
    "bots.sweep_offline": {
        "task": "bots.sweep_offline",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "licensing.note_expiries": {
        "task": "licensing.note_expiries",
        "schedule": 5 * MINUTE,
        "options": {"expires": 5 * MINUTE},
    },
    "billing.settle_due": {
        "task": "billing.settle_due",
        "schedule": 5 * MINUTE,
        "options": {"expires": 5 * MINUTE},
    },
    "billing.handle_waiting_events": {
        "task": "billing.handle_waiting_events",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "billing.tell_providers": {
        "task": "billing.tell_providers",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "jobs.run_requests": {
        "task": "jobs.run_requests",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "jobs.ensure_partitions": {"task": "jobs.ensure_partitions", "schedule": DAY / 4},
    "jobs.archive_partitions": {
        "task": "jobs.archive_partitions",
        "schedule": crontab(hour="2", minute="10"),
    },
    # After the archive, so that it looks at what this night has left.
    "jobs.check_invariants": {
        "task": "jobs.check_invariants",
        "schedule": crontab(hour="5", minute="10"),
    },
    "jobs.delete_old_runs": {
        "task": "jobs.delete_old_runs",
        "schedule": crontab(hour="1", minute="20"),
    },
    # Sign-in codes: somebody sits there and waits.
    "notifications.send_urgent_mail": {
        "task": "notifications.send_urgent_mail",
        "schedule": 2.0,
        "options": {"expires": 2.0},
    },
    "notifications.send_ordinary_mail": {
        "task": "notifications.send_ordinary_mail",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    # Somewhere it is always seven in the morning.
    "notifications.send_digests": {
        "task": "notifications.send_digests",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 5 * MINUTE},
    },
    "notifications.tell_news": {
        "task": "notifications.tell_news",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "notifications.send_webhooks": {
        "task": "notifications.send_webhooks",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "notifications.send_telegram": {
        "task": "notifications.send_telegram",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    # Somebody who links a chat waits for the answer.
    "notifications.read_telegram": {
        "task": "notifications.read_telegram",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "accounts.delete_old": {
        "task": "accounts.delete_old",
        "schedule": crontab(hour="1", minute="30"),
    },
    "notifications.delete_old": {
        "task": "notifications.delete_old",
        "schedule": crontab(hour="1", minute="40"),
    },
}


@setup_logging.connect
def _log_as_django_does(**_: object) -> None:
    """Keep Celery from adding handlers of its own: they would scrub nothing."""
