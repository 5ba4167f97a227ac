"""The secrets that sign webhooks: made here, sealed as license keys are."""

import base64
import secrets

from smarttrader.lib.keyring import Keyring, keyring_for

SECRET_PREFIX = "whsec_"  # noqa: S105 -- of Standard Webhooks
SECRET_BYTES = 32
COLUMN = "webhook_endpoints.secret"


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secrets_ring() -> Keyring:
    """Return the keyring that seals them: what it seals is no license key."""
    return keyring_for(COLUMN)


def seal_secret(secret: str) -> str:
    return secrets_ring().seal(secret)


def open_secret(sealed: str) -> str:
    """Return a secret. Raises ValueError if no key of the ring opens it."""
    return secrets_ring().open(sealed)
