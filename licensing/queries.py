"""Reads of licenses."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count

from accounts.models import User
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import License, LicenseEvent, LicenseEventType
from smarttrader.lib.actors import ActorType


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


def hardware_resets(
    license_ids: Collection[uuid.UUID], *, by: ActorType, since: datetime
) -> dict[uuid.UUID, int]:
    """Return how often each license was unlocked from its computer after a moment."""
    resets = LicenseEvent.objects.filter(
        license_id__in=license_ids,
        type=LicenseEventType.HARDWARE_RESET,
        actor_type=by,
        at__gt=since,
    )
    counts = resets.values_list("license_id").annotate(Count("id"))
    return {**dict.fromkeys(license_ids, 0), **dict(counts)}


def events_of_owner(
    license: License, *, limit: int, before: int | None = None
) -> list[LicenseEvent]:
    """Return what became of a license since it is its owner's, newest first.

    `before` is the number of the event that the list goes on after.
    """
    events = LicenseEvent.objects.filter(
        license_id=license.pk, owner_id=license.user_id
    )
    if before is not None:
        events = events.filter(sequence__lt=before)
    return list(events.order_by("-sequence")[:limit])


def is_key_of(license: License, canonical: str) -> bool:
    """Tell whether a canonical key opens this very license as it was read."""
    return license.license_key in current_keyring().candidates(canonical)
