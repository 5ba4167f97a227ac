"""The audit of licenses: one chain of hashes per license."""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from licensing.models import License, LicenseEvent, LicenseEventType
from smarttrader.lib.actors import Actor
from smarttrader.lib.ids import placed_uuid7

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class BrokenChain:
    """Where a license's events stop to be what was written."""

    license_id: str
    sequence: int
    problem: str


def append_event(
    *,
    license: License,
    type: LicenseEventType,  # noqa: A002 -- the column's own name
    actor: Actor,
    now: datetime,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> LicenseEvent:
    """Append what happened to a license, in the transaction in which it happens.

    The caller holds the lock of the license's row, so that no two are the same number.
    """
    last = (
        LicenseEvent.objects.filter(license_id=license.pk).order_by("-sequence").first()
    )
    sequence = last.sequence + 1 if last else 1
    event = LicenseEvent(
        # Lists go by moment and id: so events of one moment are in their order.
        id=placed_uuid7(now, sequence, license.pk.bytes),
        license_id=license.pk,
        owner_id=license.user_id,
        sequence=sequence,
        at=now,
        type=type,
        actor_type=actor.type,
        actor_id=actor.id,
        ip=actor.ip or None,
        request_id=actor.request_id,
        reason=reason,
        before=as_recorded(before),
        after=as_recorded(after),
        prev_hash=last.hash if last else "",
    )
    event.hash = hash_of(event)
    event.save(force_insert=True)
    License.objects.filter(pk=license.pk).update(
        event_count=event.sequence, last_event_hash=event.hash
    )
    return event


def told_of_issuing(license_ids: Collection[uuid.UUID]) -> list[LicenseEvent]:
    """Return the events of issuing licenses: what they were, whatever they are now."""
    issued = LicenseEvent.objects.filter(
        license_id__in=license_ids, type=LicenseEventType.ISSUED
    )
    return list(issued.order_by("id"))


def hash_of(event: LicenseEvent) -> str:
    """Return the SHA-256 of all that an event tells but `ip`, and of the one before.

    The address may be forgotten when a person is; what was done stays provable.
    """
    told = {
        "license_id": str(event.license_id),
        "owner_id": str(event.owner_id),
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(),
        "type": str(event.type),
        "actor_type": str(event.actor_type),
        "actor_id": str(event.actor_id or ""),
        "request_id": event.request_id,
        "reason": event.reason,
        "before": event.before,
        "after": event.after,
        "prev_hash": event.prev_hash,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def broken_chains() -> Iterator[BrokenChain]:
    """Yield the first broken event of each license whose chain does not hold.

    A license that still exists also tells how many there are, so an end that was cut
    off shows. Reads through server-side cursors, so that memory stays flat.
    """
    events = LicenseEvent.objects.order_by("license_id", "sequence")
    rows = events.iterator(chunk_size=ROWS_AT_ONCE)
    for license_id, chain in groupby(rows, key=lambda event: event.license_id):
        problem = _first_problem(chain)
        if problem is not None:
            yield BrokenChain(str(license_id), *problem)
    for license in _cut_off().iterator(chunk_size=ROWS_AT_ONCE):
        yield BrokenChain(str(license.pk), license.event_count, "is missing")


def _cut_off() -> "QuerySet[License]":
    last = LicenseEvent.objects.filter(
        license_id=OuterRef("pk"),
        sequence=OuterRef("event_count"),
        hash=OuterRef("last_event_hash"),
    )
    return License.objects.filter(~Exists(last), event_count__gt=0)


def _first_problem(chain: Iterator[LicenseEvent]) -> tuple[int, str] | None:
    prev_hash, expected = "", 1
    for event in chain:
        if event.sequence != expected:
            return expected, "is missing"
        if event.prev_hash != prev_hash:
            return expected, "does not follow the one before"
        if event.hash != hash_of(event):
            return expected, "was changed"
        prev_hash, expected = event.hash, expected + 1
    return None


def as_recorded(values: dict[str, Any] | None) -> dict[str, Any]:
    """Return the values as JSON gives them back: times and ids as text."""
    plain: dict[str, Any] = json.loads(json.dumps(values or {}, default=_text))
    return plain


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)
