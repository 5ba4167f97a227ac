"""What was changed of a subscription: another plan or cycle, and who wanted it."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models.payments import is_about_seen_by
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7


class SubscriptionEventType(models.TextChoices):
    CHANGE_SCHEDULED = "change_scheduled", _("Change scheduled")
    CHANGE_UNDONE = "change_undone", _("Scheduled change undone")
    PLAN_CHANGED = "plan_changed", _("Plan changed")
    CYCLE_CHANGED = "cycle_changed", _("Cycle changed")


class SubscriptionEventQuerySet(models.QuerySet["SubscriptionEvent"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(is_about_seen_by(user))


class SubscriptionEvent(models.Model):
    """Another plan or cycle, and who wanted it.

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
