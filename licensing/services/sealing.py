"""License keys at rest: the mounted keyring checked, keys sealed by its newest."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.keyring import current_keyring
from licensing.models import KeyCheck, License
from smarttrader.lib.errors import DomainError
from smarttrader.lib.keyring import Keyring

KEY_CHECK_TEXT = "the keyring that seals license keys"
ROWS_AT_ONCE = 500


class KeyringMismatch(DomainError):
    code = "KEYRING_MISMATCH"
    title = _("This keyring did not seal the database's license keys")


def check_keyring() -> None:
    """Make sure that the mounted keyring is the one that sealed the stored keys.

    The first call of a new database remembers the keyring. Raises KeyringMismatch.
    """
    ring = current_keyring()
    check, _ = KeyCheck.objects.get_or_create(
        defaults={"sealed": ring.seal(KEY_CHECK_TEXT)}
    )
    open_sealed(ring, check.sealed)


def rotate_license_keys(*, progress: Callable[[int], None] = lambda _done: None) -> int:
    """Seal each key that an older key of the ring sealed with the newest; count them.

    Compare and swap, row by row: a key that another session changes meanwhile is left
    to it, a second run goes on where the first was stopped, and look-ups find a key
    before, while and after it is sealed anew. Calls `progress` with the count so far
    after each batch. Raises KeyringMismatch for what no key of the ring opens.
    """
    ring = current_keyring()
    check_keyring()
    rotated, last = 0, None
    while batch := _stale(ring, after=last):
        rotated += sum(_seal_anew(ring, stale) for stale in batch)
        last = batch[-1].pk
        progress(rotated)
    check = KeyCheck.objects.get()
    KeyCheck.objects.filter(sealed=check.sealed).update(
        sealed=ring.seal(KEY_CHECK_TEXT)
    )
    return rotated


def _stale(ring: Keyring, *, after: UUID | None) -> list[License]:
    stale = License.objects.exclude(license_key__startswith=f"{ring.newest}.")
    if after is not None:
        stale = stale.filter(pk__gt=after)
    return list(stale.only("pk", "license_key").order_by("pk")[:ROWS_AT_ONCE])


def _seal_anew(ring: Keyring, license: License) -> int:
    sealed = ring.seal(open_sealed(ring, license.license_key))
    with transaction.atomic():
        return License.objects.filter(
            pk=license.pk, license_key=license.license_key
        ).update(license_key=sealed)


def open_sealed(ring: Keyring, sealed: str) -> str:
    """Return what is sealed. Raises KeyringMismatch if no key of the ring opens it."""
    try:
        return ring.open(sealed)
    except ValueError as error:
        raise KeyringMismatch(
            "the mounted keyring did not seal this database's license keys:"
            " mount the right LICENSE_KEYRING_FILE"
        ) from error
