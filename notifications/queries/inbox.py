"""What users were told, and how much of it they have not read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from notifications.models import Notification, NotificationType
from smarttrader.lib.keyset import Place

# Who has more unread ones does not care how many more.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an inbox is narrowed to."""

    only_unread: bool = False
    type: NotificationType | None = None


EVERYTHING = Wanted()


def newest_notifications(
    user: User, wanted: Wanted = EVERYTHING, *, limit: int, after: Place | None = None
) -> list[Notification]:
    """Return a page of what a user was told, the newest first."""
    found = Notification.objects.visible_to(user).filter(**_filters(wanted))
    if after is not None:
        found = found.filter(older_than(after))
    return list(found.order_by("-created_at", "-id")[:limit])


def unread_count(user: User) -> int:
    """Return how many notifications a user has not read, MOST_COUNTED at most."""
    unread = Notification.objects.visible_to(user).filter(is_read=False)
    return unread[:MOST_COUNTED].count()


def older_than(place: Place) -> Q:
    # Spelled so that the index finds the first row: an OR alone would read on.
    moment: datetime | None = place.moment
    earlier = Q(created_at__lt=moment) | Q(created_at=moment, id__lt=place.id)
    return Q(created_at__lte=moment) & earlier


def _filters(wanted: Wanted) -> dict[str, Any]:
    filters: dict[str, Any] = {"type": wanted.type} if wanted.type else {}
    return {**filters, "is_read": False} if wanted.only_unread else filters
