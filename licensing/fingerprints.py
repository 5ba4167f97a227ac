"""Fingerprints of what we must know again but need not know: HMACs under SECRET_KEY."""

from django.conf import settings
from django.utils.crypto import salted_hmac


def fingerprint(purpose: str, *parts: str) -> str:
    """Return the fingerprint that is stored, in hexadecimal digits."""
    return _digest(settings.SECRET_KEY, purpose, parts)


def fingerprints(purpose: str, *parts: str) -> list[str]:
    """Return what may be stored for a value: one for each key that ever signed."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_digest(key, purpose, parts) for key in keys]


def _digest(key: str, purpose: str, parts: tuple[str, ...]) -> str:
    return salted_hmac(purpose, "\0".join(parts), secret=key).hexdigest()
