"""Licenses, the plans they come from, what holds them, whose trial was used."""

from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, DatabaseNow, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField

LONGEST_TRIAL_DAYS = 14
SOON, ONE_DAY = timedelta(days=7), timedelta(days=1)
MOST_GRACE_DAYS, LONGEST_TERM_DAYS = 365, 36_500


class LicenseType(models.TextChoices):
    TRIAL = "TRIAL", _("Trial")
    BASIC = "BASIC", _("Basic")
    PRO = "PRO", _("Pro")
    ENTERPRISE = "ENTERPRISE", _("Enterprise")


class LicenseStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


# As ISO 4217 writes it.
CURRENCY_CODE = r"^[A-Z]{3}$"
NOT_A_CURRENCY = _("A currency is three capital letters, such as USD.")


class Plan(models.Model):
    """What a license of a type is by default; staff edit the rows."""

    license_type = models.CharField(
        primary_key=True, max_length=20, choices=LicenseType
    )
    max_accounts = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    grace_days = models.PositiveIntegerField(
        validators=[MaxValueValidator(MOST_GRACE_DAYS)]
    )
    term_days = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TERM_DAYS)],
        help_text=_("How long a license runs when it is issued without an end."),
    )
    monthly_price = AmountField(
        blank=True,
        null=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: not sold by the month."),
    )
    yearly_price = AmountField(
        blank=True,
        null=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: not sold by the year."),
    )
    lifetime_price = AmountField(
        blank=True,
        null=True,
        validators=[MinValueValidator(0)],
        help_text=_("Empty: not sold for ever."),
    )
    currency = models.CharField(
        max_length=3,
        db_default="USD",
        validators=[RegexValidator(CURRENCY_CODE, NOT_A_CURRENCY)],
    )
    features = ArrayField(
        models.CharField(max_length=100),
        blank=True,
        db_default=[],
        help_text=_("What the plan is advertised with, divided by commas."),
    )

    class Meta:
        db_table = "plans"
        constraints = [
            one_of("license_type", LicenseType, name="plans_license_type_valid"),
            models.CheckConstraint(
                condition=Q(
                    max_accounts__gt=0,
                    grace_days__lte=MOST_GRACE_DAYS,
                    term_days__range=(1, LONGEST_TERM_DAYS),
                ),
                name="plans_figures_valid",
                violation_error_message=_("Accounts or days are out of range."),
            ),
            models.CheckConstraint(
                condition=~Q(monthly_price__lt=0)
                & ~Q(yearly_price__lt=0)
                & ~Q(lifetime_price__lt=0),
                name="plans_prices_not_negative",
                violation_error_message=_("A price is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY_CODE),
                name="plans_currency_valid",
                violation_error_message=NOT_A_CURRENCY,
            ),
        ]

    def __str__(self) -> str:
        return self.get_license_type_display()

    @property
    def told_features(self) -> list[str]:
        """Return the features in the reader's language, where a catalog has them."""
        return [gettext(each) for each in self.features if each]


# What plans come with (migration 0005); staff may write others, in their own language.
FIRST_FEATURES = (
    gettext_noop("Demo accounts"),
    gettext_noop("14 days"),
    gettext_noop("1 account"),
    gettext_noop("3 accounts"),
    gettext_noop("Live and demo"),
    gettext_noop("10 accounts"),
    gettext_noop("Priority support"),
)


def is_held(license_reference: str = "pk") -> Exists:
    """Return whether the license that an outer query refers to has an open hold."""
    return Exists(
        LicenseHold.objects.filter(license=OuterRef(license_reference)).open()
    )


def grace_days(type_reference: str = "license_type") -> Subquery:
    """Return the days of grace of the plan that an outer query refers to."""
    plan = Plan.objects.filter(license_type=OuterRef(type_reference))
    return Subquery(plan.values("grace_days"))


class LicenseQuerySet(models.QuerySet["License"]):
    def of_status(self, status: LicenseStatus, now: datetime) -> Self:
        """Keep what has this status now, as licensing.standing decides it.

        Of licenses that were read `with_standing()`.
        """
        if status == LicenseStatus.REVOKED:
            return self.filter(status=status)
        standing = self.exclude(status=LicenseStatus.REVOKED)
        if status == LicenseStatus.SUSPENDED:
            return standing.filter(is_held=True)
        # Not expires_at + grace: the end may be the last moment that a date can tell.
        grace = ExpressionWrapper(F("grace_days") * ONE_DAY, models.DurationField())
        lasting = Q(expires_at=None) | Q(expires_at__gt=now - grace)
        is_lasting = status == LicenseStatus.ACTIVE
        return standing.filter(lasting if is_lasting else ~lasting, is_held=False)

    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("user"))

    def needing_attention(self, now: datetime) -> Self:
        """Keep what ends within a week, or is in its grace days."""
        # The longest grace there is bounds the index; each plan's own decides.
        ending = self.filter(
            status=LicenseStatus.ACTIVE,
            expires_at__gt=now - timedelta(days=MOST_GRACE_DAYS),
            expires_at__lt=now + SOON,
        )
        grace = ExpressionWrapper(grace_days() * ONE_DAY, models.DurationField())
        return ending.alias(grace=grace).filter(expires_at__gt=now - F("grace"))

    def with_standing(self) -> Self:
        """Add what licensing.standing decides by: owner, open holds, grace days."""
        return self.select_related("user").annotate(
            is_held=is_held(), grace_days=grace_days()
        )


class License(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="licenses")
    # Sealed by licensing.keyring: k1.<base64url of AES-256-SIV>.
    license_key = models.CharField(max_length=100, editable=False)
    key_tail = models.CharField(
        max_length=2, editable=False, help_text=_("The key's two check characters.")
    )
    license_type = models.CharField(max_length=20, choices=LicenseType)
    max_accounts = models.IntegerField()
    status = models.CharField(
        max_length=20, choices=LicenseStatus, db_default=LicenseStatus.ACTIVE
    )
    issued_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField(
        blank=True, null=True, help_text=_("Empty means lifetime.")
    )
    hardware_id = models.CharField(
        max_length=255, blank=True, null=True, help_text=_("A fingerprint, not the id.")
    )
    last_validated = models.DateTimeField(blank=True, null=True)
    activation_count = models.IntegerField(db_default=0)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    trial_days = models.PositiveSmallIntegerField(
        blank=True,
        null=True,
        help_text=_("How long a trial runs from its first activation."),
    )
    warned_of = models.DateTimeField(
        blank=True,
        null=True,
        editable=False,
        help_text=_("The end that its owner was told of in advance."),
    )
    expired_of = models.DateTimeField(
        blank=True,
        null=True,
        editable=False,
        help_text=_("The end that its owner was told had passed."),
    )
    # What the last of its events must be: a chain shows no end that was cut off.
    event_count = models.PositiveIntegerField(db_default=0, editable=False)
    last_event_hash = models.CharField(
        max_length=64, blank=True, db_default="", editable=False
    )

    objects = LicenseQuerySet.as_manager()

    class Meta:
        db_table = "licenses"
        constraints = [
            models.UniqueConstraint(
                fields=["license_key"], name="licenses_license_key_unique"
            ),
            models.CheckConstraint(
                condition=Q(max_accounts__gt=0),
                name="licenses_max_accounts_positive",
            ),
            # A trial has an end, or the days that its first activation begins.
            models.CheckConstraint(
                condition=~Q(license_type=LicenseType.TRIAL)
                | Q(expires_at__isnull=False)
                | Q(trial_days__range=(1, LONGEST_TRIAL_DAYS)),
                name="licenses_trial_ends",
            ),
            one_of("license_type", LicenseType, name="licenses_license_type_valid"),
            one_of("status", LicenseStatus, name="licenses_status_valid"),
        ]
        indexes = [
            models.Index(fields=["status"], name="licenses_status"),
            models.Index(fields=["expires_at"], name="licenses_expires_at"),
            BrinIndex(fields=["created_at"], name="licenses_created_at"),
            BrinIndex(fields=["updated_at"], name="licenses_updated_at"),
        ]

    def __str__(self) -> str:
        return self.masked_key

    @property
    def masked_key(self) -> str:
        return f"SST-*****-*****-*****-*****-{self.key_tail}"


class HoldSource(models.TextChoices):
    ADMIN = "admin", _("Staff")
    RESELLER = "reseller", _("Reseller")
    BILLING = "billing", _("Billing")
    ABUSE = "abuse", _("Abuse")


class LicenseHoldQuerySet(models.QuerySet["LicenseHold"]):
    def visible_to(self, user: User) -> Self:
        """Keep those of licenses that they see, but no other reseller's reasons."""
        seen = self.filter(user.owns_or_looks_after("license__user"))
        if user.actor_type != ActorType.RESELLER:
            return seen
        return seen.exclude(Q(source=HoldSource.RESELLER) & ~Q(placed_by=user.pk))

    def open(self) -> Self:
        return self.filter(released_at=None)


class LicenseHold(models.Model):
    """A reason to suspend a license: it is suspended while any hold is open.

    Releasing one never releases another: a payment cannot lift what staff decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    license = models.ForeignKey(License, models.DO_NOTHING, related_name="holds")
    source = models.CharField(max_length=20, choices=HoldSource)
    reference = models.CharField(
        max_length=100,
        blank=True,
        help_text=_(
            "What it is for, if a source may hold twice: a payment, a dispute."
        ),
    )
    reason = models.TextField(blank=True)
    placed_by = models.UUIDField(blank=True, null=True, help_text=_("A user's id."))
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(blank=True, null=True)

    objects = LicenseHoldQuerySet.as_manager()

    class Meta:
        db_table = "license_holds"
        constraints = [
            one_of("source", HoldSource, name="license_holds_source_valid"),
            models.UniqueConstraint(
                fields=["license", "source", "reference"],
                condition=Q(released_at=None),
                name="license_holds_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {self.reason}"


class TrialUseKind(models.TextChoices):
    OWNER = "owner", _("Owner")
    HARDWARE = "hardware", _("Computer")
    ACCOUNT = "account", _("Trading account")


class TrialUse(models.Model):
    """Whose, and on what, a trial ran once: it survives the license.

    Holds fingerprints, so that it forgets who somebody was but knows them again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=TrialUseKind)
    fingerprint = models.CharField(max_length=64)
    license_id = models.UUIDField()
    used_at = models.DateTimeField()

    class Meta:
        db_table = "trial_uses"
        constraints = [
            one_of("kind", TrialUseKind, name="trial_uses_kind_valid"),
            models.UniqueConstraint(
                fields=["kind", "fingerprint"], name="trial_uses_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.used_at:%Y-%m-%d}"


class KeyCheck(models.Model):
    """A known text, sealed once: only the keyring that seals the keys opens it."""

    # One row for ever: the primary key has one legal value.
    id = models.SmallIntegerField(primary_key=True, default=1)
    sealed = models.CharField(max_length=100)

    class Meta:
        db_table = "key_check"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="key_check_one_row")
        ]

    def __str__(self) -> str:
        return self.sealed
