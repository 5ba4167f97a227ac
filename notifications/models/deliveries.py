"""The outbox."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.catalog import Channel
from notifications.models.channels import LONGEST_URL, WebhookEndpoint
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7

MOST_ERROR_CHARACTERS = 500
MOST_SUBJECT_CHARACTERS = 200
# By which a message leaves the house: a row of the outbox.
OUTWARD = [channel for channel in Channel if channel != Channel.INBOX]


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
