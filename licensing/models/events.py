"""The audit of what became of licenses."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7


class LicenseEventType(models.TextChoices):
    ISSUED = "issued", _("Issued")
    EXTENDED = "extended", _("Extended")
    PLAN_CHANGED = "plan_changed", _("Plan changed")
    SUSPENDED = "suspended", _("Suspended")
    REINSTATED = "reinstated", _("Reinstated")
    REVOKED = "revoked", _("Revoked")
    EXPIRED = "expired", _("Expired")
    EXPIRING_SOON = "expiring_soon", _("Expiring soon")
    KEY_REVEALED = "key_revealed", _("Key revealed")
    KEY_ROTATED = "key_rotated", _("Key rotated")
    HARDWARE_BOUND = "hardware_bound", _("Hardware bound")
    HARDWARE_RESET = "hardware_reset", _("Hardware reset")
    TRANSFERRED = "transferred", _("Transferred")
    ACTIVATED = "activated", _("Activated")
    DEACTIVATED = "deactivated", _("Deactivated")
    ACTIVATION_REJECTED = "activation_rejected", _("Activation rejected")


def of_another_reseller(user: User) -> Q:
    """Return which events are acts of another reseller than this user."""
    return Q(actor_type=ActorType.RESELLER) & ~Q(actor_id=user.pk)


class LicenseEventQuerySet(models.QuerySet["LicenseEvent"]):
    def visible_to(self, user: User) -> Self:
        """Keep what happened while the license was theirs, or their customer's.

        But no other reseller's acts: who comes from one brings those reasons along.
        """
        if user.actor_type == ActorType.STAFF:
            return self.all()
        people = User.objects.visible_to(user)
        seen = self.filter(owner_id__in=people.values("pk"))
        return seen.exclude(of_another_reseller(user))


class LicenseEvent(models.Model):
    """Append-only audit: each row seals the one before it, per license.

    Plain ids, so that it survives what it tells of. A trigger refuses any change but
    that of forgetting `ip`, which happens when its owner or who acted is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    license_id = models.UUIDField()
    owner_id = models.UUIDField(help_text=_("Whose license it was at the time."))
    sequence = models.PositiveIntegerField(help_text=_("1, 2, 3, ... of the license."))
    at = models.DateTimeField()
    type = models.CharField(max_length=30, choices=LicenseEventType)
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor_id = models.UUIDField(blank=True, null=True)
    ip = models.GenericIPAddressField(blank=True, null=True)
    request_id = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    before = models.JSONField()
    after = models.JSONField()
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = LicenseEventQuerySet.as_manager()

    class Meta:
        db_table = "license_events"
        constraints = [
            one_of("type", LicenseEventType, name="license_events_type_valid"),
            one_of("actor_type", ActorType, name="license_events_actor_type_valid"),
            models.UniqueConstraint(
                fields=["license_id", "sequence"], name="license_events_in_sequence"
            ),
        ]
        indexes = [
            models.Index(
                fields=["type", "actor_type", "at", "id"], name="license_events_newest"
            ),
            models.Index(
                fields=["owner_id", "at", "id"], name="license_events_of_owner"
            ),
            models.Index(fields=["actor_id", "at"], name="license_events_of_actor"),
            models.Index(
                fields=["request_id"],
                condition=~models.Q(request_id=""),
                name="license_events_of_request",
            ),
            models.Index(
                fields=["license_id", "type", "at"], name="license_events_of_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.at:%Y-%m-%d %H:%M}"
