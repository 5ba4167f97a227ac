"""Suspending a license and reinstating it, by holds."""

import uuid
from collections.abc import Collection
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


class HoldNotOpen(DomainError):
    code = "HOLD_NOT_OPEN"
    title = _("Choose a hold of each license that is open and not billing's")
    kind = "conflict"


# Billing lifts its own when it is paid, or when a dispute is won.
LIFTED_BY_STAFF = (HoldSource.ADMIN, HoldSource.RESELLER, HoldSource.ABUSE)


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
    """Release one hold of one source, of a reseller their own; all others stay.

    Locks the license. Raises LicenseRevoked and NotSuspended. Announces
    license_reinstated when the license works again.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        same = locked.holds.open().filter(source=source, reference=reference)
        if source == HoldSource.RESELLER:
            # A customer may have come from another reseller, who decided otherwise.
            same = same.filter(placed_by=actor.id)
        hold = same.first()
        if hold is None:
            raise NotSuspended
        _release(locked, hold, reason, actor, now)


def lift_holds(
    *,
    license: License,
    hold_ids: Collection[uuid.UUID],
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Release the holds of a license that staff chose, whoever placed them.

    A reseller may be gone, and a suspension may be meant for others: staff lift any
    hold but billing's. Locks the license. Raises LicenseRevoked, and HoldNotOpen unless
    each of them is open. Announces license_reinstated when the license works again.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        chosen = locked.holds.open().filter(pk__in=hold_ids, source__in=LIFTED_BY_STAFF)
        found = list(chosen.order_by("pk"))
        if not found or len(found) != len(set(hold_ids)):
            raise HoldNotOpen
        for hold in found:
            locked.status = _release(locked, hold, reason, actor, now)


def _release(
    locked: License, hold: LicenseHold, reason: str, actor: Actor, now: datetime
) -> LicenseStatus:
    LicenseHold.objects.filter(pk=hold.pk).update(released_at=now)
    status = write_status(locked.pk, now=now)
    events.append_event(
        license=locked,
        type=LicenseEventType.REINSTATED,
        actor=actor,
        reason=reason,
        before={
            "status": locked.status,
            "hold": hold.source,
            "reference": hold.reference,
        },
        after={"status": status},
        now=now,
    )
    if status == LicenseStatus.ACTIVE:
        license_reinstated.send(sender=License, license=locked, now=now)
    return status
