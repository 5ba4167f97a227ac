"""What resellers may issue, and the ledger of what they did with it."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User, UserManager, UserQuerySet
from licensing.models.licenses import LicenseType, Plan
from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7


class Cycle(models.TextChoices):
    """How long one credit of an allotment lets a license run."""

    MONTHLY = "monthly", _("Monthly")
    YEARLY = "yearly", _("Yearly")
    LIFETIME = "lifetime", _("Lifetime")


MONTHS_OF_CYCLE = {Cycle.MONTHLY: 1, Cycle.YEARLY: 12}


class ResellerManager(UserManager):
    def get_queryset(self) -> UserQuerySet:
        return super().get_queryset().filter(role=Role.RESELLER)


class Reseller(User):
    """A user who sells, as the back office lists them; the same row."""

    objects: ClassVar[ResellerManager] = ResellerManager()

    class Meta:
        proxy = True


class AllotmentQuerySet(models.QuerySet["Allotment"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("reseller"))


class Allotment(models.Model):
    """How many cycles of a plan a reseller may sell, and how many are sold."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reseller = models.ForeignKey(User, models.DO_NOTHING, related_name="allotments")
    plan = models.ForeignKey(Plan, models.DO_NOTHING, related_name="allotments")
    cycle = models.CharField(max_length=20, choices=Cycle)
    total = models.IntegerField(db_default=0)
    used = models.IntegerField(db_default=0)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = AllotmentQuerySet.as_manager()

    class Meta:
        db_table = "allotments"
        constraints = [
            models.UniqueConstraint(
                fields=["reseller", "plan", "cycle"], name="allotments_unique"
            ),
            models.CheckConstraint(
                condition=Q(used__gte=0, used__lte=F("total")),
                name="allotments_used_within_total",
            ),
            one_of("cycle", Cycle, name="allotments_cycle_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.get_cycle_display()}"

    @property
    def left(self) -> int:
        return self.total - self.used


class EntryKind(models.TextChoices):
    """Grants and reductions sum to an allotment's total, all others to its used."""

    GRANT = "grant", _("Granted")
    REDUCTION = "reduction", _("Reduced")
    ISSUE = "issue", _("Issued")
    EXTENSION = "extension", _("Extended")
    CREDIT = "credit", _("Credited")


KINDS_OF_TOTAL = (EntryKind.GRANT, EntryKind.REDUCTION)
KINDS_OF_USED = (EntryKind.ISSUE, EntryKind.EXTENSION, EntryKind.CREDIT)
LOWERING = (EntryKind.REDUCTION, EntryKind.CREDIT)


class AllotmentEntryQuerySet(models.QuerySet["AllotmentEntry"]):
    def visible_to(self, user: User) -> Self:
        if user.actor_type == ActorType.STAFF:
            return self.all()
        return self.filter(reseller_id=user.pk)


class AllotmentEntry(models.Model):
    """One change of an allotment. Append-only: a trigger refuses all else.

    Plain ids, so that it survives the reseller and the license.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    allotment_id = models.UUIDField()
    reseller_id = models.UUIDField()
    license_type = models.CharField(max_length=20, choices=LicenseType)
    cycle = models.CharField(max_length=20, choices=Cycle)
    kind = models.CharField(max_length=20, choices=EntryKind)
    delta = models.IntegerField()
    license_id = models.UUIDField(blank=True, null=True)
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor_id = models.UUIDField(blank=True, null=True)
    reason = models.TextField(blank=True)
    idempotency_key = models.CharField(max_length=200)

    objects = AllotmentEntryQuerySet.as_manager()

    class Meta:
        db_table = "allotment_entries"
        verbose_name_plural = _("allotment entries")
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"], name="allotment_entries_once"
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind__in=LOWERING, delta__lt=0)
                    | (~Q(kind__in=LOWERING) & Q(delta__gt=0))
                ),
                name="allotment_entries_delta_valid",
            ),
            one_of("kind", EntryKind, name="allotment_entries_kind_valid"),
            one_of("cycle", Cycle, name="allotment_entries_cycle_valid"),
            one_of(
                "license_type", LicenseType, name="allotment_entries_license_type_valid"
            ),
            one_of("actor_type", ActorType, name="allotment_entries_actor_valid"),
        ]
        indexes = [
            models.Index(
                fields=["kind", "license_type", "cycle", "at", "id"],
                name="allotment_entries_newest",
            ),
            models.Index(fields=["allotment_id", "at"], name="allotment_entries_of"),
            models.Index(fields=["reseller_id", "at"], name="allotment_entries_sales"),
            models.Index(fields=["actor_id", "at"], name="allotment_entries_of_actor"),
            models.Index(fields=["license_id"], name="allotment_entries_license"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.delta:+}"
