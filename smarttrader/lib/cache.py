"""A cache on Redis that a dead or hung Redis does not take down.

For ten seconds after a failure each process counts for itself: limits stay, a little
more generous, and nobody is answered 500. Nothing that must be kept belongs here.
"""

import functools
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

BREAKER_SECONDS = 10
# Django's default of 300 would let a flood of addresses push the counts out.
MOST_COUNTS_IN_MEMORY = 100_000
COUNT = """
local counts = {}
for place, key in ipairs(KEYS) do
    local count = redis.call('INCR', key)
    if count == 1 then redis.call('EXPIRE', key, ARGV[2 * place]) end
    counts[place] = count
    if count > tonumber(ARGV[2 * place - 1]) then break end
end
return counts
"""


@dataclass(frozen=True, slots=True)
class Counter:
    """How often a key may be counted before it ends, `seconds` after its first."""

    key: str
    limit: int
    seconds: int


logger = logging.getLogger(__name__)


def database_url(url: str, number: int) -> str:
    """Return the URL of another of a Redis server's numbered databases."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "db"]
    if parts.scheme == "unix":  # whose path is the socket's
        return f"unix://{parts.path}?{urlencode([*query, ('db', number)])}"
    return urlunsplit(parts._replace(path=f"/{number}", query=urlencode(query)))


class Breaker:
    """Open for ten seconds after a failure; then one thread tries, for all of them.

    `now` is in seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until = 0.0

    def lets_through(self, now: float) -> bool:
        with self._lock:
            if not self._open_until:
                return True
            if now < self._open_until:
                return False
            # Until the one that tries now has succeeded, the others do not wait too.
            self._open_until = now + BREAKER_SECONDS
            return True

    def note_failure(self, now: float) -> None:
        with self._lock:
            self._open_until = now + BREAKER_SECONDS

    def note_success(self) -> None:
        # Read without the lock, on each operation: a late close is only a late close.
        if self._open_until:
            with self._lock:
                self._open_until = 0.0


class _Client(RedisCacheClient):
    """Django's client, which makes one object of the library instead of one a call."""

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._made:
            self._made[write] = super().get_client(key, write=write)
        return self._made[write]

    def count(self, keys: Sequence[str], counters: Sequence[Counter]) -> list[int]:
        """Run COUNT on a connection of the pool, which an error leaves closed.

        Past the library's layers for retries and telemetry, which have nothing to do
        here: of a heartbeat they took one part in twenty.
        """
        values = [
            value for counter in counters for value in (counter.limit, counter.seconds)
        ]
        pool = self.get_client(keys[0], write=True).connection_pool
        connection = pool.get_connection()
        try:
            connection.send_command("EVAL", COUNT, len(keys), *keys, *values)
            return list(connection.read_response())
        finally:
            pool.release(connection)

    @functools.cached_property
    def _made(self) -> dict[bool, Any]:
        return {}


# Django makes a cache object for each thread; these are for all of a process.
@functools.cache
def breaker_of(_location: str) -> Breaker:
    return Breaker()


@functools.cache
def _client_of(location: str, options: tuple[tuple[str, Any], ...]) -> _Client:
    """Return the client with its pool of connections, which never asks twice."""
    return _Client([location], **dict(options), retry=Retry(NoBackoff(), 0))


class _SharedRedisCache(RedisCache):
    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__([location], params)
        options = params.get("OPTIONS", {})
        self._client = _client_of(location, tuple(sorted(options.items())))

    @property
    def _cache(self) -> _Client:
        return self._client

    def count(self, counters: Sequence[Counter]) -> list[int]:
        keys = [self.make_and_validate_key(counter.key) for counter in counters]
        return self._client.count(keys, counters)


class SurvivingCache(BaseCache):
    """Redis while it answers, the process's own memory while it does not."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._redis = _SharedRedisCache(location, params)
        self._memory: BaseCache = LocMemCache(
            location, {**params, "OPTIONS": {"MAX_ENTRIES": MOST_COUNTS_IN_MEMORY}}
        )
        self._breaker = breaker_of(location)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get", *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get_many", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("delete", *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("delete_many", *args, **kwargs)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> Any:
        answered, value = self._ask_redis("incr", key, delta, version=version)
        if answered:
            return value
        # Redis may have died since the count was begun there: it begins again here.
        self._memory.add(key, 0, version=version)
        return self._memory.incr(key, delta, version=version)

    def count(self, counters: Sequence[Counter]) -> list[int]:
        """Count one more with each in turn, up to the first that is over its limit.

        Return how many there are. One round trip, on the path of every call of an EA.
        """
        answered, counts = self._ask_redis("count", counters)
        return counts if answered else self._count_in_memory(counters)

    def _count_in_memory(self, counters: Sequence[Counter]) -> list[int]:
        counts: list[int] = []
        for counter in counters:
            self._memory.add(counter.key, 0, counter.seconds)
            counts.append(self._memory.incr(counter.key))
            if counts[-1] > counter.limit:
                break
        return counts

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("has_key", *args, **kwargs)

    def clear(self) -> Any:
        self._memory.clear()
        return self._ask("clear")

    def _ask(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        answered, value = self._ask_redis(operation, *args, **kwargs)
        if answered:
            return value
        return getattr(self._memory, operation)(*args, **kwargs)

    def _ask_redis(self, operation: str, *args: Any, **kwargs: Any) -> tuple[bool, Any]:
        """Return whether Redis answered, and what. Raises ValueError as Django says."""
        if not self._breaker.lets_through(time.monotonic()):
            return False, None
        try:
            value = getattr(self._redis, operation)(*args, **kwargs)
        except (RedisError, OSError) as error:
            self._breaker.note_failure(time.monotonic())
            logger.warning("Redis does not answer: %s", error)
            return False, None
        except ValueError:  # incr of what is not there: an answer all the same
            self._breaker.note_success()
            raise
        self._breaker.note_success()
        return True, value


class ForgetfulCache(SurvivingCache):
    """The same for what is large and can be made anew: Redis keeps it, or nobody."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(location, params)
        self._memory = DummyCache(location, params)
