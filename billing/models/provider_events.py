"""What providers sent, stored before it is done."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.payments import Provider
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7

# A minute apart: news that came before what they are about.
MOST_ATTEMPTS = 30


class ProviderEventQuerySet(models.QuerySet["ProviderEvent"]):
    def needing_attention(self, _now: datetime) -> Self:
        """Keep what was tried so often that nobody tries it again."""
        return self.filter(handled_at=None, attempts__gte=MOST_ATTEMPTS)


class ProviderEvent(models.Model):
    """What a provider sent, stored before anything is done with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20, choices=Provider)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100)
    occurred_at = models.DateTimeField()
    payload = models.JSONField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(blank=True, null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    error = models.TextField(blank=True, db_default="")
    user_id = models.UUIDField(
        blank=True, null=True, help_text=_("Whom it turned out to be about.")
    )

    objects = ProviderEventQuerySet.as_manager()

    class Meta:
        db_table = "provider_events"
        constraints = [
            one_of("provider", Provider, name="provider_events_provider_valid"),
            models.UniqueConstraint(
                fields=["provider", "event_id"], name="provider_events_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=Q(handled_at=None),
                name="provider_events_waiting",
            ),
            models.Index(fields=["user_id"], name="provider_events_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
