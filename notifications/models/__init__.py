"""What people are told."""

from notifications.catalog import Channel, Event, NotificationType
from notifications.models.channels import (
    LONGEST_URL,
    EndpointState,
    Preference,
    TelegramChat,
    TelegramCode,
    WebhookEndpoint,
)
from notifications.models.deliveries import (
    MOST_ERROR_CHARACTERS,
    MOST_SUBJECT_CHARACTERS,
    OUTWARD,
    Delivery,
    DeliveryState,
)
from notifications.models.digests import Digest, DigestChoice, DigestFrequency
from notifications.models.inbox import Notification
from notifications.models.news import BotNews, ErrorSeries, ToldCause

__all__ = [
    "LONGEST_URL",
    "MOST_ERROR_CHARACTERS",
    "MOST_SUBJECT_CHARACTERS",
    "OUTWARD",
    "BotNews",
    "Channel",
    "Delivery",
    "DeliveryState",
    "Digest",
    "DigestChoice",
    "DigestFrequency",
    "EndpointState",
    "ErrorSeries",
    "Event",
    "Notification",
    "NotificationType",
    "Preference",
    "TelegramChat",
    "TelegramCode",
    "ToldCause",
    "WebhookEndpoint",
]
