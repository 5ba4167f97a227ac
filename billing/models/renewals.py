"""Renewals: each paid period, once."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.subscriptions import Subscription
from licensing.models import LicenseType
from smarttrader.lib.database import CreatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField


class RenewalQuerySet(models.QuerySet["Renewal"]):
    def uncredited(self) -> Self:
        """Return the periods that count: what is left of others paid for a cycle."""
        return self.filter(credited_at=None)


class Renewal(models.Model):
    """A period that was paid for: [period_start, period_end), once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subscription = models.ForeignKey(
        Subscription, models.DO_NOTHING, related_name="renewals"
    )
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    plan_type = models.CharField(max_length=20, choices=LicenseType)
    price = AmountField(
        help_text=_("Of the whole period, in the plan that it has now.")
    )
    payment_id = models.UUIDField()
    credited_at = models.DateTimeField(
        blank=True,
        null=True,
        help_text=_("From when on its rest is counted towards another cycle."),
    )
    created_at = CreatedAtField()

    objects = RenewalQuerySet.as_manager()

    class Meta:
        db_table = "renewals"
        constraints = [
            one_of("plan_type", LicenseType, name="renewals_plan_type_valid"),
            models.UniqueConstraint(
                fields=["subscription", "period_start"],
                condition=Q(credited_at=None),
                name="renewals_once",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")),
                name="renewals_period_valid",
            ),
            models.CheckConstraint(
                condition=Q(credited_at=None) | Q(credited_at__lt=F("period_end")),
                name="renewals_credited_before_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_start:%Y-%m-%d} … {self.period_end:%Y-%m-%d}"
