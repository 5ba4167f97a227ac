"""Suspending a license and reinstating it, by holds."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import (
    HoldSource,
    License,
    LicenseEventType,
    LicenseHold,
    LicenseStatus,
)
from licensing.services import events
from licensing.services.locks import locked_unrevoked_license, write_status
from licensing.signals import license_reinstated, license_suspended
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class AlreadySuspended(DomainError):
    code = "ALREADY_SUSPENDED"
    title = _("This party suspended the license already")
    kind = "conflict"


class NotSuspended(DomainError):
    code = "NOT_SUSPENDED"
    title = _("This party did not suspend the license")
    kind = "conflict"


def suspend_license(
    *,
    license: License,
    source: HoldSource,
    reason: str,
    actor: Actor,
    now: datetime,
    reference: str = "",
) -> LicenseHold:
    """Place a hold: the license is suspended until each hold on it is released.

    `reference` tells apart what one source may hold for: a payment, a dispute. Locks
    the license. Raises LicenseRevoked, and AlreadySuspended when the same hold is open.
    Announces license_suspended for the first hold.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        is_first = not locked.holds.open().exists()
        same = locked.holds.open().filter(source=source, reference=reference)
        if same.exists():
            raise AlreadySuspended
        hold = LicenseHold.objects.create(
            license=locked,
            source=source,
            reference=reference,
            reason=reason,
            placed_by=actor.id,
            placed_at=now,
        )
        status = write_status(locked.pk, now=now)
        events.append_event(
            license=locked,
            type=LicenseEventType.SUSPENDED,
            actor=actor,
            reason=reason,
            before={"status": locked.status},
            after={"status": status, "hold": source, "reference": reference},
            now=now,
        )
        if is_first:
            license_suspended.send(sender=License, license=locked, now=now)
        return hold


def reinstate_license(
    *,
    license: License,
    source: HoldSource,
    reason: str,
    actor: Actor,
    now: datetime,
    reference: str = "",
) -> None:
    """Release one hold of one source; all others stay.

    Locks the license. Raises LicenseRevoked and NotSuspended. Announces
    license_reinstated when the license works again.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        released = (
            LicenseHold.objects.open()
            .filter(license=locked, source=source, reference=reference)
            .update(released_at=now)
        )
        if not released:
            raise NotSuspended
        status = write_status(locked.pk, now=now)
        events.append_event(
            license=locked,
            type=LicenseEventType.REINSTATED,
            actor=actor,
            reason=reason,
            before={"status": locked.status, "hold": source, "reference": reference},
            after={"status": status},
            now=now,
        )
        if status == LicenseStatus.ACTIVE:
            license_reinstated.send(sender=License, license=locked, now=now)
