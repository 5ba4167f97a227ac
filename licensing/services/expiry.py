"""What the clock does to licenses: written and announced after the fact."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F, Q

from licensing.models import License, LicenseEventType, LicenseStatus, Plan
from licensing.services import events
from licensing.services.locks import LicenseGone, locked_license, update_license
from licensing.signals import license_expired, license_expiring_soon
from licensing.standing import current_standing
from smarttrader.lib.actors import SYSTEM

EXPIRING_SOON = timedelta(days=7)


def note_expiries(*, now: datetime) -> int:
    """Write and announce what the clock decided since the last run; count the changes.

    Nothing waits for it: a license's standing is decided when it is read. Locks each
    license by itself and looks again, so that a license that is extended meanwhile is
    left alone, and two runs at once announce once. One that is locked too long fails
    the run, after all others had their turn.
    """
    steps = [
        *((_note_expiry, pk) for pk in _ended(now)),
        *((_note_longer_grace, pk) for pk in _not_ended(now)),
        *((_warn, pk) for pk in _ending(now)),
    ]
    changes, failures = 0, list[Exception]()
    for step, pk in steps:
        try:
            with transaction.atomic():
                changes += step(pk, now)
        except LicenseGone:
            pass
        except OperationalError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return changes


def _due(now: datetime) -> Q:
    due = Q(pk__in=[])
    for plan in Plan.objects.all():
        last = now - timedelta(days=plan.grace_days)
        due |= Q(license_type=plan.license_type, expires_at__lte=last)
    return due


def _ended(now: datetime) -> list[UUID]:
    active = License.objects.filter(status=LicenseStatus.ACTIVE)
    return list(active.filter(_due(now)).values_list("pk", flat=True))


def _not_ended(now: datetime) -> list[UUID]:
    expired = License.objects.filter(status=LicenseStatus.EXPIRED)
    return list(expired.exclude(_due(now)).values_list("pk", flat=True))


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
    locked = locked_license(pk)
    status = current_standing(locked, now).license_status
    if status != LicenseStatus.EXPIRED or locked.status == status:
        return 0
    before = {"status": locked.status, "expires_at": locked.expires_at}
    is_told = locked.expired_of == locked.expires_at
    update_license(locked, now=now, status=status, expired_of=locked.expires_at)
    if is_told:
        return 1
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


def _note_longer_grace(pk: UUID, now: datetime) -> int:
    """Write that a license is active again: its plan gives more days of grace."""
    locked = locked_license(pk)
    if current_standing(locked, now).license_status != LicenseStatus.ACTIVE:
        return 0
    update_license(locked, now=now, status=LicenseStatus.ACTIVE)
    return 1


def _warn(pk: UUID, now: datetime) -> int:
    locked = locked_license(pk)
    ends = locked.expires_at
    is_active = current_standing(locked, now).license_status == LicenseStatus.ACTIVE
    if not is_active or ends is None or not now < ends <= now + EXPIRING_SOON:
        return 0
    if ends == locked.warned_of:
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
