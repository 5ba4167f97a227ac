"""What the clock does to licenses: written and announced after the fact."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from licensing.models import License, LicenseEventType, LicenseStatus, Plan
from licensing.services import events
from licensing.services.locks import locked_license, update_license
from licensing.signals import license_expired, license_expiring_soon
from licensing.standing import current_standing
from smarttrader.lib.actors import SYSTEM

EXPIRING_SOON = timedelta(days=7)


def note_expiries(*, now: datetime) -> int:
    """Write and announce what the clock decided since the last run; count the changes.

    Nothing waits for it: a license's standing is decided when it is read. Locks each
    license by itself and looks again, so that a license that is extended meanwhile is
    left alone, and two runs at once announce once.
    """
    return sum(_note_expiry(pk, now) for pk in _ended(now)) + sum(
        _warn(pk, now) for pk in _ending(now)
    )


def _ended(now: datetime) -> list[UUID]:
    due = Q()
    for plan in Plan.objects.all():
        last = now - timedelta(days=plan.grace_days)
        due |= Q(license_type=plan.license_type, expires_at__lte=last)
    active = License.objects.filter(status=LicenseStatus.ACTIVE)
    return list(active.filter(due).values_list("pk", flat=True)) if due else []


def _ending(now: datetime) -> list[UUID]:
    return list(
        License.objects.filter(
            status=LicenseStatus.ACTIVE,
            expires_at__gt=now,
            expires_at__lte=now + EXPIRING_SOON,
        )
        .exclude(warned_of__isnull=False, warned_of=F("expires_at"))
        .values_list("pk", flat=True)
    )


def _note_expiry(pk: UUID, now: datetime) -> int:
    with transaction.atomic():
        locked = locked_license(pk)
        status = current_standing(locked, now).license_status
        if status != LicenseStatus.EXPIRED or locked.status == status:
            return 0
        before = {"status": locked.status, "expires_at": locked.expires_at}
        update_license(locked, now=now, status=status)
        events.append_event(
            license=locked,
            type=LicenseEventType.EXPIRED,
            actor=SYSTEM,
            before=before,
            after={"status": status},
            now=now,
        )
        license_expired.send(sender=License, license=locked, now=now)
        return 1


def _warn(pk: UUID, now: datetime) -> int:
    with transaction.atomic():
        locked = locked_license(pk)
        ends = locked.expires_at
        if ends is None or ends == locked.warned_of or ends <= now:
            return 0
        update_license(locked, now=now, warned_of=ends)
        events.append_event(
            license=locked,
            type=LicenseEventType.EXPIRING_SOON,
            actor=SYSTEM,
            after={"expires_at": ends},
            now=now,
        )
        license_expiring_soon.send(sender=License, license=locked, now=now)
        return 1
