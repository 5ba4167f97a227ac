"""How often somebody may call: counted in Redis, and without it in each process.

Nothing here raises, and nothing is ever unlimited: smarttrader/lib/cache.py counts in
the process's own memory while Redis does not answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django_ratelimit.core import get_usage

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in each period; every name has counters of its own."""

    name: str
    calls: int
    seconds: int = MINUTE


@dataclass(frozen=True, slots=True)
class Usage:
    """How far one caller has used a limit up; `seconds_left` until it begins anew."""

    limit: int
    remaining: int
    seconds_left: int
    is_exceeded: bool

    def headers(self, now: datetime) -> dict[str, str]:
        """Return the X-RateLimit headers; the reset is in epoch seconds."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(now.timestamp()) + self.seconds_left),
        }


def count_call(limit: Limit, who: str) -> Usage:
    """Count a call of `who` and return how far the limit is used up."""
    # The count may run out, or Redis come or go, between the look and the increment:
    # the second time one of the two has a fresh count.
    usage = _counted(limit, who) or _counted(limit, who)
    return usage or Usage(limit.calls, 0, 1, is_exceeded=True)


def narrowest(usages: Sequence[Usage]) -> Usage:
    """Return the limit that will bite first; of those that bite, the longest."""
    return min(usages, key=lambda usage: (usage.remaining, -usage.seconds_left))


def _counted(limit: Limit, who: str) -> Usage | None:
    # A key in the cache is the hash of all this: no address and no bot lies in Redis.
    usage = get_usage(
        None,
        group=limit.name,
        key=lambda _group, _request: who,
        rate=(limit.calls, limit.seconds),
        increment=True,
    )
    if usage is None or not usage["count"]:
        return None
    return Usage(
        limit=limit.calls,
        remaining=max(limit.calls - usage["count"], 0),
        # The window includes its last second.
        seconds_left=max(usage["time_left"] + 1, 1),
        is_exceeded=usage["should_limit"],
    )
