"""How often somebody may call: counted in Redis, and without it in each process.

Nothing here raises, and nothing is ever unlimited: smarttrader/lib/cache.py counts in
the process's own memory while Redis does not answer.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.core.cache import caches
from django_ratelimit import core

from smarttrader.lib import metrics
from smarttrader.lib.cache import Counter, SurvivingCache

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
    return count_calls([(limit, who)])[0]


def count_calls(limits: Sequence[tuple[Limit, str]]) -> list[Usage]:
    """Count a call towards several limits in turn, up to the first that it exceeds."""
    # The windows and keys of django-ratelimit, but one round trip where its counting
    # takes three each. A key is the hash of all this: no address and no bot lies in
    # Redis.
    windows = [core._get_window(who, limit.seconds) for limit, who in limits]  # noqa: SLF001
    counters = [
        Counter(
            _key(limit, who, window),
            limit.calls,
            limit.seconds + core.EXPIRATION_FUDGE,
        )
        for (limit, who), window in zip(limits, windows, strict=True)
    ]
    counts = cast("SurvivingCache", caches["default"]).count(counters)
    # Of those behind one that is exceeded there is no count.
    told = zip(limits, windows, counts, strict=False)
    return [_usage(limit, window, count) for (limit, _), window, count in told]


def forget(limit: Limit, who: str) -> None:
    """Forget the calls of `who` in this window."""
    window = core._get_window(who, limit.seconds)  # noqa: SLF001
    caches["default"].delete(_key(limit, who, window))


def narrowest(usages: Sequence[Usage]) -> Usage:
    """Return the limit that will bite first; of those that bite, the longest."""
    return min(usages, key=lambda usage: (usage.remaining, -usage.seconds_left))


def _key(limit: Limit, who: str, window: int) -> str:
    rate = (limit.calls, limit.seconds)
    key: str = core._make_cache_key(limit.name, window, rate, who, None)  # noqa: SLF001
    return key


def _usage(limit: Limit, window: int, count: int) -> Usage:
    if count > limit.calls:
        metrics.note_refusal(limit.name)
    return Usage(
        limit=limit.calls,
        remaining=max(limit.calls - count, 0),
        # The window includes its last second.
        seconds_left=max(window - int(time.time()) + 1, 1),
        is_exceeded=count > limit.calls,
    )
