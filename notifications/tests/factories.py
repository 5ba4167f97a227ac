from datetime import UTC, datetime

import factory

from notifications.models import TelegramChat, WebhookEndpoint


class TelegramChatFactory(factory.django.DjangoModelFactory[TelegramChat]):
    class Meta:
        model = TelegramChat

    chat_id = factory.Sequence(lambda number: 7000 + number)
    linked_at = datetime(2026, 11, 1, tzinfo=UTC)


class WebhookEndpointFactory(factory.django.DjangoModelFactory[WebhookEndpoint]):
    class Meta:
        model = WebhookEndpoint

    url = factory.Sequence(lambda number: f"https://hooks.example.com/{number}")
    secret = "sealed"
