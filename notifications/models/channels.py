"""By which ways a user is told of what."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.catalog import Channel, Event
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7

LONGEST_URL = 500


class Preference(models.Model):
    """What a user chose; where there is no row the catalog's default holds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="preferences")
    event = models.CharField(max_length=40, choices=Event)
    channel = models.CharField(max_length=20, choices=Channel)
    is_wanted = models.BooleanField()

    class Meta:
        db_table = "notification_preferences"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "event", "channel"],
                name="notification_preferences_unique",
            ),
            one_of("event", Event, name="notification_preferences_event_valid"),
            one_of("channel", Channel, name="notification_preferences_channel_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.event} by {self.channel}: {self.is_wanted}"


class TelegramChat(models.Model):
    """Where a user reads; `blocked_at` is when Telegram refused to tell them."""

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, related_name="telegram_chat"
    )
    chat_id = models.BigIntegerField()
    name = models.CharField(max_length=100, blank=True)
    linked_at = models.DateTimeField()
    blocked_at = models.DateTimeField(blank=True, null=True)

    class Meta:
        db_table = "telegram_chats"

    def __str__(self) -> str:
        return self.name or str(self.chat_id)


class TelegramCode(models.Model):
    """A code that links the chat which sends it, once; only its digest is kept."""

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, related_name="telegram_code"
    )
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "telegram_codes"

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M}"


class EndpointState(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    GONE = "gone", _("Gone")


class WebhookEndpoint(models.Model):
    """A user's own server, told by signed requests (Standard Webhooks).

    Secrets are sealed. While a former one is good, requests carry both signatures.
    An endpoint that answers 410 is gone until its owner switches it on again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="webhook_endpoints")
    url = models.CharField(max_length=LONGEST_URL)
    secret = models.CharField(max_length=200)
    former_secret = models.CharField(max_length=200, blank=True)
    former_until = models.DateTimeField(blank=True, null=True)
    state = models.CharField(
        max_length=20, choices=EndpointState, db_default=EndpointState.ACTIVE
    )
    created_at = CreatedAtField()

    class Meta:
        db_table = "webhook_endpoints"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "url"], name="webhook_endpoints_unique"
            ),
            one_of("state", EndpointState, name="webhook_endpoints_state_valid"),
            models.CheckConstraint(
                condition=models.Q(former_secret="", former_until=None)
                | (~models.Q(former_secret="") & models.Q(former_until__isnull=False)),
                name="webhook_endpoints_former_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.url
