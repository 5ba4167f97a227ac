"""Suspending a reseller, alone or with the licenses of all their customers."""

from datetime import datetime

from django.db import transaction

from accounts.models import Role, User
from accounts.services import users
from accounts.services.customers import ResellerSuspended
from licensing.models import HoldSource, License, LicenseHold, LicenseStatus
from licensing.services.holds import (
    AlreadySuspended,
    reinstate_license,
    suspend_license,
)
from licensing.services.locks import LicenseRevoked
from smarttrader.lib.actors import Actor


def suspend_reseller(
    *,
    reseller: User,
    with_licenses: bool,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Let a reseller neither sign in nor issue; return how many licenses are held.

    With their licenses, each of their own and of their customers' gets a hold of the
    staff's, which `reinstate_reseller` releases, or staff of a single license. Locks
    the reseller, then the licenses by primary key. Raises ResellerSuspended of who is
    no reseller any more. Announces license_suspended of each.
    """
    with transaction.atomic():
        locking = User.objects.select_for_update(no_key=True)
        if not locking.filter(pk=reseller.pk, role=Role.RESELLER).exists():
            raise ResellerSuspended
        users.set_active(
            user=reseller, is_active=False, reason=reason, actor=actor, now=now
        )
        if not with_licenses:
            return 0
        return sum(
            _hold(license, reseller, reason, actor, now)
            for license in _licenses_of(reseller)
        )


def reinstate_reseller(
    *, reseller: User, reason: str, actor: Actor, now: datetime
) -> int:
    """Let a reseller work again, and release what their suspension holds.

    Returns how many holds were released. Locks the reseller, then the licenses.
    """
    with transaction.atomic():
        users.set_active(
            user=reseller, is_active=True, reason=reason, actor=actor, now=now
        )
        held = LicenseHold.objects.open().filter(
            source=HoldSource.ADMIN, reference=_reference(reseller)
        )
        return sum(
            _release(hold.license, reseller, reason, actor, now)
            for hold in held.select_related("license").order_by("license_id")
        )


def _licenses_of(reseller: User) -> list[License]:
    return list(
        License.objects.visible_to(reseller)
        .exclude(status=LicenseStatus.REVOKED)
        .order_by("pk")
    )


def _reference(reseller: User) -> str:
    return f"reseller:{reseller.pk}"


def _hold(
    license: License, reseller: User, reason: str, actor: Actor, now: datetime
) -> int:
    try:
        suspend_license(
            license=license,
            source=HoldSource.ADMIN,
            reference=_reference(reseller),
            reason=reason,
            actor=actor,
            now=now,
        )
    except (AlreadySuspended, LicenseRevoked):
        return 0
    return 1


def _release(
    license: License, reseller: User, reason: str, actor: Actor, now: datetime
) -> int:
    try:
        reinstate_license(
            license=license,
            source=HoldSource.ADMIN,
            reference=_reference(reseller),
            reason=reason,
            actor=actor,
            now=now,
        )
    except LicenseRevoked:
        return 0
    return 1
