"""Lines of an inbox, as tests need them."""

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from notifications.models import Notification, NotificationType


class NotificationFactory(DjangoModelFactory[Notification]):
    class Meta:
        model = Notification

    type = NotificationType.ALERT
    title = factory.Sequence(lambda number: f"Notification {number}")
    message = "It happened."
    created_at: Any = datetime(2026, 11, 25, 12, tzinfo=UTC)
