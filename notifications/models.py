"""What people are told."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from accounts.models import User
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7

MOST_ERROR_CHARACTERS = 500
MOST_SUBJECT_CHARACTERS = 200


class NotificationType(models.TextChoices):
    TRADE = "TRADE", "Trade"
    ALERT = "ALERT", "Alert"
    SYSTEM = "SYSTEM", "System"
    ACCOUNT = "ACCOUNT", "Account"


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
    NEVER = "never", gettext_lazy("Never")
    DAILY = "daily", gettext_lazy("Each day")
    WEEKLY = "weekly", gettext_lazy("Each week")


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


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    DEAD = "dead", "Given up"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """Return what may be sent now: also what a dead worker had claimed."""
        return self.filter(state=DeliveryState.WAITING, next_attempt_at__lte=now)


class Delivery(models.Model):
    """A message on its way out: written with its cause, sent by a task.

    Its text may hold a sign-in code, so it is erased when the message is sent or given
    up; the row goes a week later. Nobody claims it before `next_attempt_at`. A trigger
    forgets the recipient when their user is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.CharField(max_length=20, choices=Channel, db_default=Channel.EMAIL)
    recipient = models.CharField(max_length=255)
    subject = models.CharField(max_length=MOST_SUBJECT_CHARACTERS)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    unsubscribe_url = models.CharField(
        max_length=255,
        blank=True,
        db_default="",
        help_text="Stops such mail by a POST, signed.",
    )
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
        verbose_name_plural = "deliveries"
        constraints = [
            one_of("channel", Channel, name="deliveries_channel_valid"),
            one_of("state", DeliveryState, name="deliveries_state_valid"),
            models.CheckConstraint(
                condition=models.Q(state=DeliveryState.WAITING)
                | models.Q(text="", html="", finished_at__isnull=False),
                name="deliveries_finished_are_erased",
            ),
        ]
        indexes = [
            models.Index(
                fields=["is_urgent", "next_attempt_at"],
                condition=models.Q(state=DeliveryState.WAITING),
                name="deliveries_waiting",
            ),
            models.Index(
                fields=["finished_at"],
                condition=~models.Q(state=DeliveryState.WAITING),
                name="deliveries_finished",
            ),
            models.Index(Lower("recipient"), name="deliveries_of_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
