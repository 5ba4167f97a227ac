"""The life of a subscription: what happened, when, and by whom."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.payments import is_about_seen_by
from licensing.models.events import of_another_reseller
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7


class SubscriptionEventType(models.TextChoices):
    STARTED = "started", _("Started")
    RENEWED = "renewed", _("Renewed")
    PAYMENT_FAILED = "payment_failed", _("Payment failed")
    PAST_DUE = "past_due", _("Past due")
    SUSPENDED = "suspended", _("Suspended")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    CANCELLATION_UNDONE = "cancellation_undone", _("Cancellation undone")
    CHANGE_SCHEDULED = "change_scheduled", _("Change scheduled")
    CHANGE_UNDONE = "change_undone", _("Scheduled change undone")
    PLAN_CHANGED = "plan_changed", _("Plan changed")
    CYCLE_CHANGED = "cycle_changed", _("Cycle changed")
    REFUNDED = "refunded", _("Refunded")
    DISPUTED = "disputed", _("Disputed")
    DISPUTE_WON = "dispute_won", _("Dispute won")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")


class SubscriptionEventQuerySet(models.QuerySet["SubscriptionEvent"]):
    def visible_to(self, user: User) -> Self:
        """Keep those about whom they see, but no other reseller's acts."""
        seen = self.filter(is_about_seen_by(user))
        is_reseller = user.actor_type == ActorType.RESELLER
        return seen.exclude(of_another_reseller(user)) if is_reseller else seen


class SubscriptionEvent(models.Model):
    """What happened to a subscription, who did it, and the terms before and after.

    Append-only: a trigger refuses all else. Plain ids, so that it survives subscription
    and user.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    type = models.CharField(max_length=20, choices=SubscriptionEventType)
    subscription_id = models.UUIDField()
    user_id = models.UUIDField()
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor_id = models.UUIDField(blank=True, null=True)
    payment_id = models.UUIDField(blank=True, null=True)
    reason = models.TextField(blank=True, db_default="")
    before = models.JSONField()
    after = models.JSONField()

    objects = SubscriptionEventQuerySet.as_manager()

    class Meta:
        db_table = "subscription_events"
        constraints = [
            one_of(
                "type", SubscriptionEventType, name="subscription_events_type_valid"
            ),
            one_of("actor_type", ActorType, name="subscription_events_actor_valid"),
        ]
        indexes = [
            models.Index(
                fields=["subscription_id", "at"], name="subscription_events_of"
            ),
            models.Index(
                fields=["type", "actor_type", "at", "id"],
                name="subscription_events_newest",
            ),
            models.Index(
                fields=["user_id", "at", "id"], name="subscription_events_of_user"
            ),
            models.Index(
                fields=["actor_id", "at"], name="subscription_events_by_actor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.at:%Y-%m-%d %H:%M}"
