"""What users want to be told, and what their endpoints were told last."""

from collections.abc import Mapping

from accounts.models import User
from notifications.catalog import is_default
from notifications.models import (
    Channel,
    Delivery,
    Event,
    Preference,
    WebhookEndpoint,
)

DELIVERIES_SHOWN = 30
Chosen = Mapping[tuple[Event, Channel], bool]


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
