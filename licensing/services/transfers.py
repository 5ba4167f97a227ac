"""A license's owner."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License, LicenseEventType, LicenseType
from licensing.services import events
from licensing.services.locks import locked_unrevoked_license, update_license
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class TransferRefused(DomainError):
    code = "TRANSFER_REFUSED"
    title = _("A license moves to another, active user; a trial stays")
    kind = "refused"


def change_owner(
    *,
    license: License,
    to: User,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> License:
    """Give a license to another user, unlocked from its computer; tell both sides.

    Its bots are moved by bots.services.licenses.transfer, which calls this: until the
    transaction ends, a trigger allows them to have another owner than their license.
    Locks the license. Raises LicenseRevoked and TransferRefused.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        is_trial = locked.license_type == LicenseType.TRIAL
        if to.pk == locked.user_id or not to.is_active or is_trial:
            raise TransferRefused
        before = {"owner": locked.user_id, "hardware": (locked.hardware_id or "")[:8]}
        after = {"owner": to.pk, "hardware": ""}
        for is_given in (True, False):
            if not is_given:
                update_license(locked, now=now, user_id=to.pk, hardware_id=None)
            events.append_event(
                license=locked,
                type=LicenseEventType.TRANSFERRED,
                actor=actor,
                reason=reason,
                before=before,
                after=after,
                now=now,
            )
        return locked
