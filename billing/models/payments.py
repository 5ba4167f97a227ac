"""Payments, and what became of them."""

from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField


class Provider(models.TextChoices):
    MANUAL = "manual", _("By hand")
    STRIPE = "stripe", _("Stripe")


BY_RESELLER = "reseller"


class Purpose(models.TextChoices):
    START = "start", _("Start")
    RENEWAL = "renewal", _("Renewal")
    UPGRADE = "upgrade", _("Upgrade")
    CYCLE = "cycle", _("Change of cycle")
    UNKNOWN = "unknown", _("Not known yet")


class PaymentStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    REFUNDED = "refunded", _("Refunded")


class Dispute(models.TextChoices):
    NONE = "none", _("None")
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


def is_about_seen_by(user: User) -> Q:
    """Return which rows somebody may see, by the plain id of whom they are about."""
    if user.actor_type == ActorType.STAFF:
        return Q()
    own = Q(pk=user.pk)
    is_reseller = user.actor_type == ActorType.RESELLER
    seen = User.objects.filter(own | Q(reseller=user) if is_reseller else own)
    return Q(user_id__in=seen.values("pk"))


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(is_about_seen_by(user))

    def taken(self) -> Self:
        """Keep what was paid, whatever was paid back of it since."""
        came_in = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED)
        return self.filter(status__in=came_in, paid_at__isnull=False)


class Payment(models.Model):
    """Money as a provider told of it, once; plain ids, so that it survives its buyer.

    One without a subscription is a marker: its refund or dispute came before it did.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20, choices=Provider)
    provider_id = models.CharField(max_length=255)
    purpose = models.CharField(max_length=20, choices=Purpose)
    status = models.CharField(max_length=20, choices=PaymentStatus)
    amount = AmountField()
    refunded_amount = AmountField(db_default=0)
    lost_amount = AmountField(
        db_default=0, help_text=_("What the buyer's bank took back by a lost dispute.")
    )
    currency = models.CharField(max_length=3)
    dispute = models.CharField(max_length=10, choices=Dispute, db_default=Dispute.NONE)
    subscription_id = models.UUIDField(blank=True, null=True)
    user_id = models.UUIDField(blank=True, null=True)
    reseller_id = models.UUIDField(
        blank=True,
        null=True,
        help_text=_("Who collected it, and paid by a credit; empty: the vendor did."),
    )
    buyer_name = models.CharField(max_length=255, blank=True)
    buyer_email = models.CharField(max_length=255, blank=True)
    paid_at = models.DateTimeField(blank=True, null=True)
    created_at = CreatedAtField()

    objects = PaymentQuerySet.as_manager()

    class Meta:
        db_table = "payments"
        constraints = [
            one_of("provider", Provider, name="payments_provider_valid"),
            one_of("purpose", Purpose, name="payments_purpose_valid"),
            one_of("status", PaymentStatus, name="payments_status_valid"),
            one_of("dispute", Dispute, name="payments_dispute_valid"),
            models.UniqueConstraint(
                fields=["provider", "provider_id"], name="payments_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    refunded_amount__gte=0,
                    lost_amount__gte=0,
                    amount__gte=F("refunded_amount") + F("lost_amount"),
                ),
                name="payments_amounts_valid",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded")
                | Q(
                    subscription_id__isnull=False,
                    user_id__isnull=False,
                    paid_at__isnull=False,
                ),
                name="payments_succeeded_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=["user_id"], name="payments_of_user"),
            models.Index(fields=["subscription_id"], name="payments_of_subscription"),
            models.Index(fields=["paid_at"], name="payments_paid_at"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.provider_id}"

    @property
    def collected_by(self) -> str:
        """Return who took the money: a provider, or `BY_RESELLER`."""
        return BY_RESELLER if self.reseller_id else self.provider

    @property
    def reversed_amount(self) -> Decimal:
        """Return how much of it went back, by us or by the bank."""
        return Decimal(self.refunded_amount) + Decimal(self.lost_amount)
