"""Money: what a user pays for, and until when."""

from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import User
from licensing.models import LicenseType
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField


class SubscriptionStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"
    SUSPENDED = "suspended", "Suspended"


class BillingCycle(models.TextChoices):
    MONTHLY = "monthly", "Monthly"
    YEARLY = "yearly", "Yearly"
    LIFETIME = "lifetime", "Lifetime"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("user"))


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

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "subscriptions"
        constraints = [
            one_of("plan_type", LicenseType, name="subscriptions_plan_type_valid"),
            one_of("status", SubscriptionStatus, name="subscriptions_status_valid"),
            one_of(
                "billing_cycle", BillingCycle, name="subscriptions_billing_cycle_valid"
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

    def __str__(self) -> str:
        return f"{self.get_plan_type_display()} {self.get_billing_cycle_display()}"
