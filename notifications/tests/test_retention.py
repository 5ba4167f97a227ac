"""What people were told is kept thirty days."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import Notification, NotificationType
from notifications.services import inbox
from notifications.tasks import delete_old
from smarttrader.jobs.models import JobRun

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def tell(user, age: timedelta) -> Notification:
    return inbox.notify(
        user_id=user.pk,
        type=NotificationType.SYSTEM,
        title=str(age),
        message="",
        now=NOW - age,
    )


def test_what_is_older_than_thirty_days_is_deleted(alice, charlie):
    kept = [tell(alice, timedelta(0)), tell(charlie, timedelta(days=30))]
    tell(alice, timedelta(days=30, microseconds=1))
    tell(charlie, timedelta(days=400))

    assert inbox.delete_old_notifications(now=NOW) == 2
    assert list(Notification.objects.order_by("-created_at")) == kept
    assert inbox.delete_old_notifications(now=NOW) == 0


def test_more_than_a_batch_is_deleted_in_batches(alice, monkeypatch, count_statements):
    monkeypatch.setattr(inbox, "ROWS_AT_ONCE", 3)
    for days in range(31, 38):
        tell(alice, timedelta(days=days))

    with count_statements() as asked:
        deleted = inbox.delete_old_notifications(now=NOW)

    assert deleted == 7
    assert len(asked) == 4
    assert not Notification.objects.exists()


def test_job_is_recorded(alice):
    tell(alice, timedelta(days=9000))

    delete_old()

    assert JobRun.objects.get(job="notifications.delete_old").count == 1
