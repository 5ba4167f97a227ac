"""Subscriptions: what a user pays for, and until when."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License, LicenseType
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField

# The end of what is never billed again: the column may not be empty.
LIFETIME_END = datetime(9999, 12, 31, tzinfo=UTC)
LIVE = ("active", "suspended")


class SubscriptionStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    SUSPENDED = "suspended", _("Suspended")


class BillingCycle(models.TextChoices):
    MONTHLY = "monthly", _("Monthly")
    YEARLY = "yearly", _("Yearly")
    LIFETIME = "lifetime", _("Lifetime")


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("user"))

    def live(self) -> Self:
        return self.filter(status__in=LIVE)

    def needing_attention(self, _now: datetime) -> Self:
        """Keep those whose payment is late."""
        return self.live().filter(past_due_since__isnull=False)


class Subscription(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="subscriptions")
    plan_type = models.CharField(max_length=20, choices=LicenseType)
    status = models.CharField(
        max_length=20, choices=SubscriptionStatus, db_default=SubscriptionStatus.ACTIVE
    )
    payment_method = models.CharField(max_length=50, blank=True, null=True)
    amount = AmountField()
    currency = models.CharField(max_length=3, db_default="USD")
    billing_cycle = models.CharField(max_length=20, choices=BillingCycle)
    current_period_start = models.DateTimeField()
    current_period_end = models.DateTimeField()
    cancelled_at = models.DateTimeField(blank=True, null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    license = models.ForeignKey(
        License,
        models.DO_NOTHING,  # SET NULL, in the database
        related_name="subscriptions",
        blank=True,
        null=True,
    )
    anchor_day = models.PositiveSmallIntegerField(
        db_default=1, help_text=_("The day of the month on which its periods end.")
    )
    cancel_at_period_end = models.BooleanField(db_default=False)
    past_due_since = models.DateTimeField(blank=True, null=True)
    payment_failed_at = models.DateTimeField(
        blank=True,
        null=True,
        help_text=_("When its provider first failed to collect what is due now."),
    )
    dunning_day = models.PositiveSmallIntegerField(
        db_default=0, help_text=_("Of which day past due its owner was told last.")
    )
    next_plan_type = models.CharField(
        max_length=20,
        choices=LicenseType,
        blank=True,
        null=True,
        help_text=_("The plan that it has from `next_plan_at` on."),
    )
    next_billing_cycle = models.CharField(
        max_length=20, choices=BillingCycle, blank=True, null=True
    )
    next_amount = AmountField(blank=True, null=True)
    next_plan_at = models.DateTimeField(blank=True, null=True)
    provider_id = models.CharField(
        max_length=255,
        blank=True,
        null=True,
        help_text=_("The provider's own id of it."),
    )
    provider_customer_id = models.CharField(max_length=255, blank=True, db_default="")
    provider_told_at = models.DateTimeField(
        blank=True,
        null=True,
        help_text=_("When the provider's newest news of it came to be."),
    )
    is_provider_behind = models.BooleanField(
        db_default=False, help_text=_("Whether the provider is still to be told.")
    )

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "subscriptions"
        constraints = [
            one_of("plan_type", LicenseType, name="subscriptions_plan_type_valid"),
            one_of("status", SubscriptionStatus, name="subscriptions_status_valid"),
            one_of(
                "billing_cycle", BillingCycle, name="subscriptions_billing_cycle_valid"
            ),
            one_of("next_plan_type", LicenseType, name="subscriptions_next_plan_valid"),
            one_of(
                "next_billing_cycle",
                BillingCycle,
                name="subscriptions_next_cycle_valid",
            ),
            models.CheckConstraint(
                condition=Q(anchor_day__range=(1, 31)),
                name="subscriptions_anchor_day_valid",
            ),
            models.CheckConstraint(
                condition=Q(current_period_end__gte=F("current_period_start")),
                name="subscriptions_period_valid",
            ),
            models.CheckConstraint(
                condition=Q(cancel_at_period_end=False) | Q(status="cancelled"),
                name="subscriptions_cancelled_at_end",
            ),
            models.CheckConstraint(
                condition=Q(
                    next_plan_type=None,
                    next_billing_cycle=None,
                    next_amount=None,
                    next_plan_at=None,
                )
                | Q(
                    next_plan_type__isnull=False,
                    next_billing_cycle__isnull=False,
                    next_amount__isnull=False,
                    next_plan_at__isnull=False,
                ),
                name="subscriptions_next_plan_whole",
            ),
            models.UniqueConstraint(
                fields=["license"],
                condition=Q(status__in=LIVE),
                name="subscriptions_one_of_a_license",
            ),
            models.UniqueConstraint(
                fields=["provider_id"], name="subscriptions_provider_id_unique"
            ),
        ]
        indexes = [
            models.Index(fields=["status"], name="subscriptions_status"),
            models.Index(
                fields=["current_period_end"], name="subscriptions_period_end"
            ),
            BrinIndex(fields=["created_at"], name="subscriptions_created_at"),
            BrinIndex(fields=["updated_at"], name="subscriptions_updated_at"),
        ]
        permissions = (("mark_paid_subscription", "Can mark as paid"),)

    def __str__(self) -> str:
        return f"{self.get_plan_type_display()} {self.get_billing_cycle_display()}"

    @property
    def is_lifetime(self) -> bool:
        return self.billing_cycle == BillingCycle.LIFETIME

    @property
    def amount_to_pay(self) -> Decimal:
        """Return what the next period costs, in the plan that it will have."""
        is_other = self.next_amount is not None
        return Decimal(self.next_amount if is_other else self.amount)

    @property
    def plan_to_pay(self) -> LicenseType:
        return LicenseType(self.next_plan_type or self.plan_type)

    @property
    def cycle_to_pay(self) -> BillingCycle:
        return BillingCycle(self.next_billing_cycle or self.billing_cycle)

    def is_over(self, now: datetime) -> bool:
        """Tell whether it was cancelled and what was paid for has run."""
        is_cancelled = self.status == SubscriptionStatus.CANCELLED
        return is_cancelled and now >= self.current_period_end
