"""Who fails too often is locked out, each time for twice as long.

Kept in the cache, as the counts of smarttrader/lib/rate_limits.py are.
"""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache


@dataclass(frozen=True, slots=True)
class LockOut:
    """Lock who fails `attempts` times within `window_seconds`.

    The first lock lasts `first_seconds`, each further one twice as long as the one
    before, up to `longest_seconds`; `forgive` begins anew.
    """

    name: str
    attempts: int
    window_seconds: int
    first_seconds: int
    longest_seconds: int

    def seconds_left(self, who: str, now: datetime) -> int:
        """Return for how many seconds `who` is still locked out, 0 if not at all."""
        until = cache.get(self._key(who, "until"), 0)
        return max(int(until) - int(now.timestamp()), 0)

    def note_failure(self, who: str, now: datetime) -> None:
        """Count a failure; the last one that is allowed locks `who` out."""
        places = [self._key(who, f"attempt:{n}") for n in range(self.attempts)]
        # A place is free again when its attempt is out of the window: so the window
        # slides, and of two attempts at once each takes a place.
        any(cache.add(place, 1, self.window_seconds) for place in places)
        if len(cache.get_many(places)) >= self.attempts:
            self._lock(who, now, places)

    def forgive(self, who: str) -> None:
        """Forget the failures and locks of `who`."""
        locks = cache.get(self._key(who, "locks"), 0)
        names = [f"attempt:{n}" for n in range(self.attempts)]
        names += [f"lock:{n}" for n in range(locks + 1)]
        cache.delete_many([self._key(who, name) for name in (*names, "until", "locks")])

    def _lock(self, who: str, now: datetime, places: list[str]) -> None:
        # In this order: who reads a count that is risen already sees the lock as well,
        # and of all who read the same count one gets to lock.
        locks = cache.get(self._key(who, "locks"), 0)
        seconds = self.first_seconds
        for _ in range(locks):
            seconds = min(2 * seconds, self.longest_seconds)
        if self.seconds_left(who, now) or not cache.add(
            self._key(who, f"lock:{locks}"), 1, seconds
        ):
            return
        until = int(now.timestamp()) + seconds
        cache.set(self._key(who, "until"), until, seconds)
        cache.set(self._key(who, "locks"), locks + 1, self._remembered_seconds)
        cache.delete_many(places)

    @property
    def _remembered_seconds(self) -> int:
        """Return how long a lock doubles the next one: as long as doubling takes."""
        return 2 * self.longest_seconds + self.window_seconds

    def _key(self, who: str, name: str) -> str:
        return f"lock-out:{self.name}:{who}:{name}"
