"""Reads of licenses."""

import uuid

from accounts.models import User
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import License


def license_by_key(text: str) -> License | None:
    """Return the license of a typed key, with its standing.

    Raises KeyMalformed without a look-up.
    """
    candidates = current_keyring().candidates(keys.canonical_key(text))
    return License.objects.with_standing().filter(license_key__in=candidates).first()


def license_by_id(text: str) -> License | None:
    """Return the license of an identifier that somebody typed, with its standing."""
    try:
        return License.objects.with_standing().filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def newest_license(user: User) -> License | None:
    """Return the license that was issued to a user last."""
    return License.objects.filter(user=user).order_by("-issued_at", "-id").first()


def is_key_of(license: License, canonical: str) -> bool:
    """Tell whether a canonical key opens this very license as it was read."""
    return license.license_key in current_keyring().candidates(canonical)
