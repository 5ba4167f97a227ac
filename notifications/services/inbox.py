"""Writing to users' inboxes."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from notifications.models import Notification, NotificationType

KEPT = timedelta(days=30)
ROWS_AT_ONCE = 5000


def notify(
    *,
    user_id: uuid.UUID,
    type: NotificationType,  # noqa: A002 -- the column's own name
    title: str,
    message: str,
    now: datetime,
    metadata: dict[str, Any] | None = None,
) -> Notification:
    """Put a line into a user's inbox, in the transaction of what it tells of."""
    return Notification.objects.create(
        user_id=user_id,
        type=type,
        title=title,
        message=message,
        metadata=metadata,
        created_at=now,
    )


def delete_old_notifications(*, now: datetime) -> int:
    """Delete what was told more than thirty days ago, in batches; count the rows.

    Each batch is a transaction, so that no inbox waits for long.
    """
    old = Notification.objects.filter(created_at__lt=now - KEPT).values("pk")
    deleted = 0
    while True:
        count, _ = Notification.objects.filter(pk__in=old[:ROWS_AT_ONCE]).delete()
        if not count:
            return deleted
        deleted += count
