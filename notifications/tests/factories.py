"""What people are told, and where, as tests need it."""

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from notifications.models import (
    Notification,
    NotificationType,
    TelegramChat,
    WebhookEndpoint,
)


class NotificationFactory(DjangoModelFactory[Notification]):
    class Meta:
        model = Notification

    type = NotificationType.ALERT
    title = factory.Sequence(lambda number: f"Notification {number}")
    message = "It happened."
    created_at: Any = datetime(2026, 11, 25, 12, tzinfo=UTC)


class TelegramChatFactory(DjangoModelFactory[TelegramChat]):
    class Meta:
        model = TelegramChat

    chat_id = factory.Sequence(lambda number: 7000 + number)
    linked_at = datetime(2026, 11, 1, tzinfo=UTC)


class WebhookEndpointFactory(DjangoModelFactory[WebhookEndpoint]):
    class Meta:
        model = WebhookEndpoint

    url = factory.Sequence(lambda number: f"https://hooks.example.com/{number}")
    secret = "sealed"
