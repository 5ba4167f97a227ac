"""A license's key: shown again, or replaced."""

from datetime import datetime

from django.db import transaction

from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import License, LicenseEventType
from licensing.services import events
from licensing.services.issuing import IssuedLicense
from licensing.services.locks import (
    locked_license,
    locked_unrevoked_license,
    update_license,
)
from licensing.services.sealing import check_keyring, open_sealed
from smarttrader.lib.actors import Actor


def reveal_key(
    *,
    license: License,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> str:
    """Return a license's key in its printed form, and leave an event that says so.

    The door has the person prove again who they are. Locks the license. Raises
    KeyringMismatch.
    """
    with transaction.atomic():
        locked = locked_license(license.pk)
        events.append_event(
            license=locked,
            type=LicenseEventType.KEY_REVEALED,
            actor=actor,
            reason=reason,
            now=now,
        )
        return keys.printed_key(open_sealed(current_keyring(), locked.license_key))


def replace_key(
    *,
    license: License,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> IssuedLicense:
    """Give a license a new key; nothing knows the old one from then on.

    Its bots' tokens are ended by bots.services.licenses.rotate_key, which calls this.
    Locks the license. Raises LicenseRevoked and KeyringMismatch.
    """
    key = keys.generate_key()
    with transaction.atomic():
        check_keyring()
        locked = locked_unrevoked_license(license.pk)
        before = {"key_tail": locked.key_tail}
        update_license(
            locked,
            now=now,
            license_key=current_keyring().seal(keys.canonical_key(key)),
            key_tail=keys.key_tail(key),
        )
        events.append_event(
            license=locked,
            type=LicenseEventType.KEY_ROTATED,
            actor=actor,
            reason=reason,
            before=before,
            after={"key_tail": locked.key_tail},
            now=now,
        )
        return IssuedLicense(locked, key)
