"""Secrets of second factors at rest: sealed under the keyring of the license keys."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.errors import DomainError
from smarttrader.lib.keyring import Keyring, keyring_for

COLUMN = "mfa_authenticator.data"
# Where allauth keeps the secret of an authenticator app, and of recovery codes.
SECRETS = ("secret", "seed")


class FactorUnreadable(DomainError):
    code = "FACTOR_UNREADABLE"
    title = _("No key of this keyring opens a second factor")


def seal(text: str) -> str:
    """Return a secret as it is stored."""
    return _keyring().seal(text)


def open_sealed(stored: str) -> str:
    """Return a stored secret. Raises ValueError if no key of the ring opens it."""
    return _keyring().open(stored)


def seal_all_anew() -> int:
    """Seal with the newest key of the ring what an older one sealed; count the rows.

    Locks each row for its own short transaction, so it may be stopped and run again.
    Raises FactorUnreadable.
    """
    ring = _keyring()
    keys = list(Authenticator.objects.order_by("pk").values_list("pk", flat=True))
    return sum(_seal_anew(ring, pk) for pk in keys)


def _seal_anew(ring: Keyring, pk: int) -> bool:
    with transaction.atomic():
        factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
        stale = {
            name: stored
            for name, stored in (factor.data if factor else {}).items()
            if name in SECRETS and not stored.startswith(f"{ring.newest}.")
        }
        if factor is None or not stale:
            return False
        try:
            opened = {name: ring.open(stored) for name, stored in stale.items()}
        except ValueError as error:
            raise FactorUnreadable(f"second factor {pk}: {error}") from error
        factor.data |= {name: ring.seal(text) for name, text in opened.items()}
        factor.save(update_fields=["data"])
        return True


def _keyring() -> Keyring:
    return keyring_for(COLUMN)
