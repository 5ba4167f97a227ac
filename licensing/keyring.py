"""License keys at rest are sealed for their column."""

from smarttrader.lib.keyring import Keyring, keyring_for

COLUMN = "licenses.license_key"


def current_keyring() -> Keyring:
    """Return what seals and opens license keys."""
    return keyring_for(COLUMN)
