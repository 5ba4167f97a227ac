"""What users were told, what of it is unread, and what they want to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from notifications.catalog import is_default
from notifications.models import (
    Channel,
    Delivery,
    Event,
    Notification,
    NotificationType,
    Preference,
    WebhookEndpoint,
)
from smarttrader.lib.keyset import Place

# Who has more unread ones does not care how many more.
MOST_COUNTED = 100
DELIVERIES_SHOWN = 30
Chosen = Mapping[tuple[Event, Channel], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an inbox is narrowed to."""

    only_unread: bool = False
    type: NotificationType | None = None


EVERYTHING = Wanted()


def inbox(
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


def choices_of(user: User) -> Chosen:
    """Return for each event and channel whether a user wants it: one query."""
    rows = Preference.objects.filter(user=user)
    chosen = {
        (event, channel): is_wanted
        for event, channel, is_wanted in rows.values_list(
            "event", "channel", "is_wanted"
        )
    }
    return {
        (event, channel): chosen.get((event, channel), is_default(event, channel))
        for event in Event
        for channel in Channel
    }


def latest_deliveries(endpoint: WebhookEndpoint) -> list[Delivery]:
    """Return the last that an endpoint was told, the newest first."""
    told = Delivery.objects.filter(endpoint=endpoint).order_by("-created_at", "-pk")
    return list(told[:DELIVERIES_SHOWN])


def _filters(wanted: Wanted) -> dict[str, Any]:
    filters: dict[str, Any] = {"type": wanted.type} if wanted.type else {}
    return {**filters, "is_read": False} if wanted.only_unread else filters
