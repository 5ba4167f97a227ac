"""Writing to users' inboxes."""

import uuid
from datetime import datetime
from typing import Any

from notifications.models import Notification, NotificationType


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
