"""Writing to users' inboxes."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from accounts.models import User
from notifications.models import Notification, NotificationType
from notifications.queries.inbox import older_than
from smarttrader.lib.keyset import Place

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


def mark_read(
    *,
    user: User,
    only: uuid.UUID | None = None,
    up_to: uuid.UUID | None = None,
) -> int:
    """Mark a user's notifications as read, and count those that were not.

    The one that is named, or all up to one (ids sort by time), or all.
    """
    unread = Notification.objects.filter(user=user, is_read=False)
    if only is not None:
        unread = unread.filter(pk=only)
    if up_to is not None:
        unread = unread.filter(pk__lte=up_to)
    return unread.update(is_read=True)


def mark_seen(
    *,
    user: User,
    seen: Collection[uuid.UUID],
    rest: Place | None = None,
    type: NotificationType | None = None,  # noqa: A002 -- the column's own name
) -> int:
    """Mark as read what a page showed, and what lies past it; count what was unread.

    `seen` names what the page showed unread, `rest` its last row where more follows,
    `type` what it was narrowed to. What was told meanwhile stays unread, also what a
    transaction that lasted tells with an earlier moment.
    """
    unread = Notification.objects.filter(user=user, is_read=False)
    if type is not None:
        unread = unread.filter(type=type)
    known = Q(pk__in=seen)
    if rest is not None:
        known |= older_than(rest)
    return unread.filter(known).update(is_read=True)


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
