"""allauth's own limits tell how long they last: it keeps that to itself."""

import math
import time
from typing import Any

from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

LONGEST_WINDOW = 60
_consume = ratelimit._consume_single_rate  # noqa: SLF001


def let_limits_tell_their_end() -> None:
    """Let `seconds_left(request)` know of each limit that allauth finds used up."""
    ratelimit._consume_single_rate = _consume_and_note  # noqa: SLF001


def note_seconds_left(request: HttpRequest, seconds: int) -> None:
    """Remember when the caller may go on."""
    request.seconds_left = seconds  # type: ignore[attr-defined]


def seconds_left(request: HttpRequest) -> int:
    """Return when the caller of a request that a limit refused may go on."""
    return getattr(request, "seconds_left", LONGEST_WINDOW)


def _consume_and_note(
    request: HttpRequest,
    *,
    rate: ratelimit.Rate,
    dry_run: bool = False,
    raise_exception: bool = False,
    **who: Any,
) -> ratelimit.SingleRateLimitUsage | None:
    usage = _consume(request, rate=rate, dry_run=dry_run, **who)
    if usage is None:
        key = ratelimit.get_cache_key(request, rate=rate, **who)
        note_seconds_left(request, _until_one_is_free(cache.get(key, []), rate))
        if raise_exception:
            raise RateLimited
    return usage


def _until_one_is_free(calls: list[float], rate: ratelimit.Rate) -> int:
    # The newest call comes first. Fewer stand there when the list was locked too long.
    if len(calls) < rate.amount:
        return 1
    left: int = math.ceil(calls[rate.amount - 1] + rate.duration - time.time())
    return max(left, 1)
