"""What people are told."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models import BotInstance
from notifications.catalog import Channel, Event, NotificationType
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import TotalField

MOST_ERROR_CHARACTERS = 500
MOST_SUBJECT_CHARACTERS = 200
LONGEST_URL = 500
# By which a message leaves the house: a row of the outbox.
OUTWARD = [channel for channel in Channel if channel != Channel.INBOX]

__all__ = [
    "LONGEST_URL",
    "MOST_ERROR_CHARACTERS",
    "MOST_SUBJECT_CHARACTERS",
    "BotNews",
    "Channel",
    "Delivery",
    "DeliveryState",
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


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: User) -> Self:
        """Keep a user's own: an inbox is nobody else's, not even a reseller's."""
        return self.filter(user=user)


class Notification(models.Model):
    """A line of a user's inbox; kept 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="notifications")
    type = models.CharField(max_length=20, choices=NotificationType)
    title = models.CharField(max_length=200)
    message = models.TextField()
    is_read = models.BooleanField(db_default=False)
    metadata = models.JSONField(blank=True, null=True)
    created_at = CreatedAtField()

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        constraints = [
            one_of("type", NotificationType, name="notifications_type_valid")
        ]
        indexes = [
            models.Index(fields=["is_read"], name="notifications_is_read"),
            BrinIndex(fields=["created_at"], name="notifications_created_at"),
            # An inbox page by page, and what every page counts.
            models.Index(
                fields=["user", "created_at", "id"], name="notifications_inbox"
            ),
            models.Index(
                fields=["user", "created_at", "id"],
                condition=models.Q(is_read=False),
                name="notifications_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class DigestFrequency(models.TextChoices):
    NEVER = "never", _("Never")
    DAILY = "daily", _("Each day")
    WEEKLY = "weekly", _("Each week")


class DigestChoice(models.Model):
    """How often a user wants a digest; who never chose gets one as soon as they have a
    bot, each week.
    """

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, related_name="digest_choice"
    )
    frequency = models.CharField(max_length=20, choices=DigestFrequency)
    chosen_at = models.DateTimeField()

    class Meta:
        db_table = "digest_choices"
        constraints = [
            one_of("frequency", DigestFrequency, name="digest_choices_frequency_valid")
        ]

    def __str__(self) -> str:
        return self.frequency


class Digest(models.Model):
    """That a user's digest of a day or week is done; kept 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="digests")
    period = models.CharField(max_length=10, help_text="2026-11-25, or 2026-W48.")
    has_content = models.BooleanField(help_text="Else nothing was sent.")
    created_at = CreatedAtField()

    class Meta:
        db_table = "digests"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "period"], name="digests_of_a_period_once"
            ),
            models.CheckConstraint(
                condition=models.Q(period__regex=r"^\d{4}-(W\d\d|\d\d-\d\d)$"),
                name="digests_period_valid",
            ),
        ]
        indexes = [BrinIndex(fields=["created_at"], name="digests_created_at")]

    def __str__(self) -> str:
        return self.period


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


class BotNews(models.Model):
    """What a call of an EA brought, until a sweep tells of all that there is.

    One row for a call and kind: a busy bot is one message a minute, not a hundred.
    `lines` are the first of them, for people; `net` is what closed trades brought.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="news"
    )
    event = models.CharField(max_length=40, choices=Event)
    count = models.PositiveIntegerField()
    net = TotalField(blank=True, null=True)
    lines = models.JSONField(default=list)

    class Meta:
        db_table = "bot_news"
        constraints = [one_of("event", Event, name="bot_news_event_valid")]

    def __str__(self) -> str:
        return f"{self.count} x {self.event}"


class ErrorSeries(models.Model):
    """A bot that goes on logging errors: what is held until its owner is told again.

    `count` and `lines` are those that nobody was told of; `pause` is how long they are
    held, and doubles. The row goes when the bot was calm for some hours.
    """

    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, primary_key=True, related_name="error_series"
    )
    pause = models.DurationField()
    next_at = models.DateTimeField()
    told_at = models.DateTimeField(blank=True, null=True)
    last_error_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    lines = models.JSONField(default=list)

    class Meta:
        db_table = "error_series"
        verbose_name_plural = _("error series")

    def __str__(self) -> str:
        return f"{self.count} errors held until {self.next_at:%Y-%m-%d %H:%M}"


class ToldCause(models.Model):
    """A cause that people were told of, so that nobody is told again."""

    key = models.CharField(primary_key=True, max_length=100)
    told_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "told_causes"

    def __str__(self) -> str:
        return self.key


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Given up")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> Self:
        return self.filter(state=DeliveryState.WAITING)

    def due(self, now: datetime) -> Self:
        """Return what may be sent now: also what a dead worker had claimed."""
        return self.waiting().filter(next_attempt_at__lte=now)

    def needing_attention(self, _now: datetime) -> Self:
        """Keep what was given up."""
        return self.filter(state=DeliveryState.DEAD)


class Delivery(models.Model):
    """A message on its way out: written with its cause, sent by a task.

    Its text may hold a sign-in code, so it is erased when the message is sent or given
    up; the row goes a week later. Nobody claims it before `next_attempt_at`. A trigger
    forgets the recipient when their user is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, models.DO_NOTHING, related_name="deliveries", blank=True, null=True
    )
    event = models.CharField(max_length=40, blank=True, db_default="")
    channel = models.CharField(
        max_length=20,
        choices=[(channel.value, channel.label) for channel in OUTWARD],
        db_default=Channel.EMAIL,
    )
    recipient = models.CharField(max_length=LONGEST_URL)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.DO_NOTHING,
        related_name="deliveries",
        blank=True,
        null=True,
    )
    subject = models.CharField(max_length=MOST_SUBJECT_CHARACTERS)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    unsubscribe_url = models.CharField(
        max_length=255,
        blank=True,
        db_default="",
        help_text="Stops such mail by a POST, signed.",
    )
    # What a webhook is told; kept with the row, so that it can be told again.
    payload = models.JSONField(blank=True, null=True)
    is_urgent = models.BooleanField(db_default=False)
    # One cause is told once, however often it is announced.
    idempotency_key = models.CharField(
        max_length=100, unique=True, blank=True, null=True
    )
    state = models.CharField(
        max_length=20, choices=DeliveryState, db_default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(db_default=0)
    next_attempt_at = models.DateTimeField()
    error = models.CharField(max_length=MOST_ERROR_CHARACTERS, blank=True)
    created_at = CreatedAtField()
    finished_at = models.DateTimeField(blank=True, null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "deliveries"
        verbose_name_plural = _("deliveries")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(channel__in=[each.value for each in OUTWARD]),
                name="deliveries_channel_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    channel=Channel.WEBHOOK,
                    endpoint__isnull=False,
                    payload__isnull=False,
                )
                | (
                    ~models.Q(channel=Channel.WEBHOOK)
                    & models.Q(endpoint=None, payload=None)
                ),
                name="deliveries_webhooks_have_endpoints",
            ),
            one_of("state", DeliveryState, name="deliveries_state_valid"),
            models.CheckConstraint(
                condition=models.Q(state=DeliveryState.WAITING)
                | models.Q(text="", html="", finished_at__isnull=False),
                name="deliveries_finished_are_erased",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "is_urgent", "next_attempt_at"],
                condition=models.Q(state=DeliveryState.WAITING),
                name="deliveries_waiting",
            ),
            models.Index(
                fields=["finished_at"],
                condition=~models.Q(state=DeliveryState.WAITING),
                name="deliveries_finished",
            ),
            # The few that somebody has to look at, among all that was sent.
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(state=DeliveryState.DEAD),
                name="deliveries_dead",
            ),
            models.Index(Lower("recipient"), name="deliveries_of_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject}"
