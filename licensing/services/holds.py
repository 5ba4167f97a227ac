"""Suspending a license and reinstating it, by holds."""

from datetime import datetime

from django.db import transaction

from licensing.models import HoldSource, License, LicenseEventType, LicenseHold
from licensing.services import events
from licensing.services.locks import locked_unrevoked_license, write_status
from licensing.signals import license_reinstated, license_suspended
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class AlreadySuspended(DomainError):
    code = "ALREADY_SUSPENDED"
    title = "This party suspended the license already"
    kind = "conflict"


class NotSuspended(DomainError):
    code = "NOT_SUSPENDED"
    title = "This party did not suspend the license"
    kind = "conflict"


def suspend_license(
    *,
    license: License,
    source: HoldSource,
    reason: str,
    actor: Actor,
    now: datetime,
) -> LicenseHold:
    """Place a hold: the license is suspended until each hold on it is released.

    Locks the license. Raises LicenseRevoked, and AlreadySuspended when a hold of the
    same source is open. Announces license_suspended for the first hold.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        if locked.holds.open().filter(source=source).exists():
            raise AlreadySuspended
        is_first = not locked.holds.open().exists()
        hold = LicenseHold.objects.create(
            license=locked,
            source=source,
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
            after={"status": status, "hold": source},
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
) -> None:
    """Release the hold of one source; those of others stay.

    Locks the license. Raises LicenseRevoked and NotSuspended. Announces
    license_reinstated when no hold is left.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        released = (
            LicenseHold.objects.open()
            .filter(license=locked, source=source)
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
            before={"status": locked.status, "hold": source},
            after={"status": status},
            now=now,
        )
        if not locked.holds.open().exists():
            license_reinstated.send(sender=License, license=locked, now=now)
