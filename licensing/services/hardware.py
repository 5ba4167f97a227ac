"""The computer that a license is locked to: the first that activates it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing import queries
from licensing.fingerprints import fingerprint, fingerprints
from licensing.models import License, LicenseEventType
from licensing.services import events
from licensing.services.locks import locked_unrevoked_license, update_license
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.errors import DomainError

PURPOSE = "licensing.hardware_id"
RESETS_ARE_COUNTED_FOR = timedelta(days=30)
MOST_RESETS = {ActorType.USER: 3, ActorType.RESELLER: 2}  # staff may always


class HardwareMismatch(DomainError):
    code = "HARDWARE_MISMATCH"
    title = _("The license is locked to another computer")
    kind = "refused"


class TooManyHardwareResets(DomainError):
    code = "TOO_MANY_HARDWARE_RESETS"
    title = _("The computer was reset too often in 30 days: ask support")
    kind = "refused"


def is_hardware_of(license: License, hardware_id: str) -> bool:
    """Tell whether a license runs on this computer: its own; any, if it has none."""
    return license.hardware_id is None or license.hardware_id in fingerprints(
        PURPOSE, hardware_id
    )


def bind_hardware(
    *,
    license: License,
    hardware_id: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Lock a license to its first computer. The caller holds the license's lock.

    A fingerprint under an older SECRET_KEY is renewed. Raises HardwareMismatch.
    """
    if not is_hardware_of(license, hardware_id):
        raise HardwareMismatch
    current = fingerprint(PURPOSE, hardware_id)
    if license.hardware_id == current:
        return
    is_first = license.hardware_id is None
    update_license(license, now=now, hardware_id=current)
    if is_first:
        events.append_event(
            license=license,
            type=LicenseEventType.HARDWARE_BOUND,
            actor=actor,
            after={"hardware": current[:8]},
            now=now,
        )


def clear_hardware(
    *,
    license: License,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> License:
    """Unlock a license from its computer: the next activation locks it anew.

    Its bots' tokens are ended by bots.services.licenses.reset_hardware, which calls
    this. Locks the license. Raises LicenseRevoked and TooManyHardwareResets.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        if resets_left(_resets(locked, actor, now), actor.type) == 0:
            raise TooManyHardwareResets
        before = {"hardware": (locked.hardware_id or "")[:8]}
        update_license(locked, now=now, hardware_id=None)
        events.append_event(
            license=locked,
            type=LicenseEventType.HARDWARE_RESET,
            actor=actor,
            reason=reason,
            before=before,
            now=now,
        )
        return locked


def resets_left(used: int, by: ActorType) -> int | None:
    """Return how many resets are left after so many; staff have no limit."""
    most = MOST_RESETS.get(by)
    return None if most is None else max(most - used, 0)


def _resets(license: License, actor: Actor, now: datetime) -> int:
    counts = queries.hardware_resets(
        [license.pk], by=actor.type, since=now - RESETS_ARE_COUNTED_FOR
    )
    return counts[license.pk]
