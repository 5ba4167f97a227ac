"""What a bot runs under: licenses, the plans they are issued by, the key check."""

from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.models import User
from smarttrader.lib.database import CreatedAtField, DatabaseNow, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7


class LicenseType(models.TextChoices):
    TRIAL = "TRIAL", "Trial"
    BASIC = "BASIC", "Basic"
    PRO = "PRO", "Pro"
    ENTERPRISE = "ENTERPRISE", "Enterprise"


class LicenseStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class Plan(models.Model):
    """What a license of a type is by default; staff edit the rows."""

    license_type = models.CharField(
        primary_key=True, max_length=20, choices=LicenseType
    )
    max_accounts = models.PositiveIntegerField()
    grace_days = models.PositiveIntegerField()
    term_days = models.PositiveIntegerField(
        help_text="How long a license runs when it is issued without an end."
    )

    class Meta:
        db_table = "plans"
        constraints = [
            one_of("license_type", LicenseType, name="plans_license_type_valid"),
            models.CheckConstraint(
                condition=models.Q(max_accounts__gt=0, term_days__gt=0),
                name="plans_figures_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.get_license_type_display()


class LicenseQuerySet(models.QuerySet["License"]):
    def visible_to(self, user: User) -> Self:
        return self if user.is_superuser else self.filter(user=user)


class License(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="licenses")
    # Sealed by licensing.keyring: k1.<base64url of AES-256-SIV>.
    license_key = models.CharField(max_length=100, editable=False)
    key_tail = models.CharField(
        max_length=2, editable=False, help_text="The key's two check characters."
    )
    license_type = models.CharField(max_length=20, choices=LicenseType)
    max_accounts = models.IntegerField()
    status = models.CharField(
        max_length=20, choices=LicenseStatus, db_default=LicenseStatus.ACTIVE
    )
    issued_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField(
        blank=True, null=True, help_text="Empty means lifetime."
    )
    hardware_id = models.CharField(max_length=255, blank=True, null=True)
    last_validated = models.DateTimeField(blank=True, null=True)
    activation_count = models.IntegerField(db_default=0)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = LicenseQuerySet.as_manager()

    class Meta:
        db_table = "licenses"
        constraints = [
            models.UniqueConstraint(
                fields=["license_key"], name="licenses_license_key_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(max_accounts__gt=0),
                name="licenses_max_accounts_positive",
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


class KeyCheck(models.Model):
    """A known text, sealed once: only the keyring that seals the keys opens it."""

    # One row for ever: the primary key has one legal value.
    id = models.SmallIntegerField(primary_key=True, default=1)
    sealed = models.CharField(max_length=100)

    class Meta:
        db_table = "key_check"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="key_check_one_row")
        ]

    def __str__(self) -> str:
        return self.sealed
