"""Identifiers in UUIDv7 layout (RFC 9562): they sort by time, and say it.

A row of a partitioned table takes its partition key's milliseconds as the timestamp, so
the id alone tells the partition in which the row lives.
"""

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RANDOM_BYTES = 10  # 80 bits, of which the layout takes 74
PLACE_BITS, HASH_BITS = 24, 50
TICKS = 1 << 12  # parts of a millisecond, in the twelve bits after it
TAIL_BITS = 62


class _Clock:
    """The present in ticks, of which no two readings in a process are the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def read(self) -> tuple[int, int]:
        """Return the milliseconds since the epoch and the ticks after them."""
        with self._lock:
            now = time.time_ns() * TICKS // 1_000_000
            self._last = max(now, self._last + 1)
            return divmod(self._last, TICKS)


_clock = _Clock()


def uuid7() -> uuid.UUID:
    """Return a new identifier of the present moment, above all before in this process.

    So what one transaction does is listed in its order. RFC 9562, 6.2, method 3.
    """
    milliseconds, tick = _clock.read()
    tail = int.from_bytes(os.urandom(RANDOM_BYTES), "big") % (1 << TAIL_BITS)
    bits = tick << TAIL_BITS | tail
    return _layout(milliseconds, bits.to_bytes(RANDOM_BYTES, "big"))


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
    high, low = (bits >> TAIL_BITS & 0xFFF) << 64, bits & ((1 << TAIL_BITS) - 1)
    return uuid.UUID(int=milliseconds << 80 | version | high | variant | low)
