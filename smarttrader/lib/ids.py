"""Identifiers in UUIDv7 layout (RFC 9562): they sort by time, and say it.

A row of a partitioned table takes its partition key's milliseconds as the timestamp, so
the id alone tells the partition in which the row lives.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANDOM_BYTES = 10  # 80 bits, of which the layout takes 74
PLACE_BITS, HASH_BITS = 24, 50


def uuid7() -> uuid.UUID:
    """Return a new identifier of the present moment."""
    milliseconds = time.time_ns() // 1_000_000
    return _layout(milliseconds, os.urandom(RANDOM_BYTES))


def derived_uuid7(moment: datetime, *parts: str | bytes) -> uuid.UUID:
    """Return the identifier that the same moment and parts always give."""
    return _layout(_milliseconds(moment), _digest(parts))


def placed_uuid7(moment: datetime, place: int, *parts: str | bytes) -> uuid.UUID:
    """Return the identifier that the same moment, place and parts always give.

    Identifiers of one moment sort by their place, of which the last 24 bits count.
    """
    hashed = int.from_bytes(_digest(parts), "big") % (1 << HASH_BITS)
    bits = place % (1 << PLACE_BITS) << HASH_BITS | hashed
    return _layout(_milliseconds(moment), bits.to_bytes(RANDOM_BYTES, "big"))


def moment_bounds(identifier: uuid.UUID) -> tuple[datetime, datetime]:
    """Return the half-open millisecond [start, end) that an identifier was made in."""
    start = EPOCH + timedelta(milliseconds=identifier.int >> 80)
    return start, start + timedelta(milliseconds=1)


def _digest(parts: Iterable[str | bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=RANDOM_BYTES)
    for part in parts:
        octets = part.encode() if isinstance(part, str) else part
        # The length before each part keeps ("ab", "c") apart from ("a", "bc").
        digest.update(len(octets).to_bytes(4, "big") + octets)
    return digest.digest()


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _layout(milliseconds: int, entropy: bytes) -> uuid.UUID:
    bits = int.from_bytes(entropy, "big")
    version, variant = 0x7 << 76, 0x2 << 62
    high, low = (bits >> 62 & 0xFFF) << 64, bits & ((1 << 62) - 1)
    return uuid.UUID(int=milliseconds << 80 | version | high | variant | low)
