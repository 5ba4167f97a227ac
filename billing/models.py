"""Money: what a user pays for, and until when."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Self, TypeVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Language, User
from licensing.models import License, LicenseType
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField

# The end of what is never billed again: the column may not be empty.
LIFETIME_END = datetime(9999, 12, 31, tzinfo=UTC)
LIVE = ("active", "suspended")
# A minute apart: news that came before what they are about.
MOST_ATTEMPTS = 30
Row = TypeVar("Row", bound=models.Model)


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
    def cycle_to_pay(self) -> BillingCycle:
        return BillingCycle(self.next_billing_cycle or self.billing_cycle)

    def is_over(self, now: datetime) -> bool:
        """Tell whether it was cancelled and what was paid for has run."""
        is_cancelled = self.status == SubscriptionStatus.CANCELLED
        return is_cancelled and now >= self.current_period_end


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


class Provider(models.TextChoices):
    MANUAL = "manual", _("By hand")
    STRIPE = "stripe", _("Stripe")


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
    def reversed_amount(self) -> Decimal:
        """Return how much of it went back, by us or by the bank."""
        return Decimal(self.refunded_amount) + Decimal(self.lost_amount)


class YearlyCounter(models.Model):
    """The last number of a year: its row lock is what leaves no gap."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(db_default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class InvoiceCounter(YearlyCounter):
    class Meta(YearlyCounter.Meta):
        db_table = "invoice_counters"


class CreditNoteCounter(YearlyCounter):
    class Meta(YearlyCounter.Meta):
        db_table = "credit_note_counters"


class PaperQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: User) -> Self:
        return self.filter(is_about_seen_by(user))


class Paper(models.Model):
    """What is handed out under a number: a trigger lets it change in nothing.

    Nothing but its buyer, who is forgotten when they are deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField(help_text=_("1, 2, 3, ... of the year."))
    payment_id = models.UUIDField()
    subscription_id = models.UUIDField()
    user_id = models.UUIDField()
    buyer_name = models.CharField(max_length=255, blank=True)
    buyer_email = models.CharField(max_length=255, blank=True)
    lines = models.JSONField(help_text=_("Each with a text and an amount."))
    total = AmountField()
    currency = models.CharField(max_length=3)
    language = models.CharField(
        max_length=12,
        choices=Language,
        db_default=Language.ENGLISH,
        help_text=_("The buyer's, when it was issued."),
    )
    issued_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06}"


class Invoice(Paper):
    """What a payment was for."""

    objects = PaperQuerySet["Invoice"].as_manager()

    class Meta(Paper.Meta):
        db_table = "invoices"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "sequence"], name="invoices_number_once"
            ),
            models.UniqueConstraint(
                fields=["payment_id"], name="invoices_one_of_a_payment"
            ),
            models.CheckConstraint(
                condition=Q(sequence__gt=0, total__gte=0),
                name="invoices_figures_valid",
            ),
            one_of("language", Language, name="invoices_language_valid"),
        ]
        indexes = [models.Index(fields=["user_id"], name="invoices_of_user")]


class CreditNote(Paper):
    """What of an invoice went back: its total is positive."""

    invoice = models.ForeignKey(Invoice, models.DO_NOTHING, related_name="credit_notes")

    objects = PaperQuerySet["CreditNote"].as_manager()

    class Meta(Paper.Meta):
        db_table = "credit_notes"
        constraints = [
            models.UniqueConstraint(
                fields=["year", "sequence"], name="credit_notes_number_once"
            ),
            models.CheckConstraint(
                condition=Q(sequence__gt=0, total__gt=0),
                name="credit_notes_figures_valid",
            ),
            one_of("language", Language, name="credit_notes_language_valid"),
        ]
        indexes = [models.Index(fields=["user_id"], name="credit_notes_of_user")]

    @property
    def number(self) -> str:
        return f"C{super().number}"


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
