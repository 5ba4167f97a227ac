"""Reads of licenses."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncMonth

from accounts.models import User
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import (
    AllotmentEntry,
    Cycle,
    EntryKind,
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseType,
)
from licensing.models.allotments import KINDS_OF_USED
from smarttrader.lib.actors import ActorType


def license_by_key(text: str) -> License | None:
    """Return the license of a typed key, with its standing.

    Raises KeyMalformed without a look-up.
    """
    candidates = current_keyring().candidates(keys.canonical_key(text))
    return License.objects.with_standing().filter(license_key__in=candidates).first()


def license_by_id(text: str) -> License | None:
    """Return the license of an identifier that somebody typed, with its standing."""
    try:
        return License.objects.with_standing().filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def newest_license(user: User) -> License | None:
    """Return the license that was issued to a user last."""
    return License.objects.filter(user=user).order_by("-issued_at", "-id").first()


def hardware_resets(
    license_ids: Collection[uuid.UUID], *, by: ActorType, since: datetime
) -> dict[uuid.UUID, int]:
    """Return how often each license was unlocked from its computer after a moment."""
    resets = LicenseEvent.objects.filter(
        license_id__in=license_ids,
        type=LicenseEventType.HARDWARE_RESET,
        actor_type=by,
        at__gt=since,
    )
    counts = resets.values_list("license_id").annotate(Count("id"))
    return {**dict.fromkeys(license_ids, 0), **dict(counts)}


def events_of_owner(
    license: License, *, limit: int, before: int | None = None
) -> list[LicenseEvent]:
    """Return what became of a license since it is its owner's, newest first.

    `before` is the number of the event that the list goes on after.
    """
    events = LicenseEvent.objects.filter(
        license_id=license.pk, owner_id=license.user_id
    )
    if before is not None:
        events = events.filter(sequence__lt=before)
    return list(events.order_by("-sequence")[:limit])


def is_key_of(license: License, canonical: str) -> bool:
    """Tell whether a canonical key opens this very license as it was read."""
    return license.license_key in current_keyring().candidates(canonical)


@dataclass(frozen=True)
class MonthOfSales:
    """Cycles of a plan that a reseller sold in a month, extended, or got credit for."""

    month: date
    reseller: str  # the e-mail; empty when the reseller was deleted
    license_type: str
    cycle: str
    issued: int
    extended: int
    credited: int

    @property
    def plan_name(self) -> str:
        return str(LicenseType(self.license_type).label)

    @property
    def cycle_name(self) -> str:
        return str(Cycle(self.cycle).label)

    @property
    def net(self) -> int:
        return self.issued + self.extended - self.credited


def sales_by_month(user: User) -> list[MonthOfSales]:
    """Return what a reseller sold by month (UTC), plan and cycle, the newest first.

    Staff get the sales of each reseller.
    """
    rows = list(
        AllotmentEntry.objects.visible_to(user)
        .filter(kind__in=KINDS_OF_USED)
        .annotate(month=TruncMonth("at", tzinfo=UTC))
        .values("month", "reseller_id", "license_type", "cycle")
        .annotate(
            issued=_sum_of(EntryKind.ISSUE),
            extended=_sum_of(EntryKind.EXTENSION),
            credited=_sum_of(EntryKind.CREDIT),
        )
        .order_by("-month", "reseller_id", "license_type", "cycle")
    )
    sellers = User.objects.filter(pk__in={row["reseller_id"] for row in rows})
    emails = dict(sellers.values_list("pk", "email"))
    return [
        MonthOfSales(
            month=row["month"].date(),
            reseller=emails.get(row["reseller_id"], ""),
            license_type=row["license_type"],
            cycle=row["cycle"],
            issued=row["issued"],
            extended=row["extended"],
            credited=-row["credited"],
        )
        for row in rows
    ]


def _sum_of(kind: EntryKind) -> Coalesce:
    return Coalesce(Sum("delta", filter=Q(kind=kind)), 0)
