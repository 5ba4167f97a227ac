"""The simulated clock: it starts in the past, hurries, and never passes the present."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class SimulatedClock:
    """Starts `minutes` x `speed` minutes before now and runs `speed` times as fast.

    It ends at the present moment of its start, or goes on in real time once it has
    caught up with the present when it runs `for_ever`.
    """

    def __init__(
        self,
        *,
        now: datetime,
        minutes: float,
        speed: float,
        for_ever: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self.present = now
        self.start = now - timedelta(minutes=minutes * speed)
        self.speed = speed
        self.run_seconds = minutes * 60
        self.for_ever = for_ever

    @property
    def elapsed(self) -> float:
        """Return the real seconds since it was started."""
        return self._monotonic() - self._began

    @property
    def has_caught_up(self) -> bool:
        """Whether it runs in real time, as it does in the end when it runs for ever."""
        ahead = self.elapsed * (self.speed - 1)
        return self.for_ever and ahead >= self.run_seconds * self.speed

    def now(self) -> datetime:
        """Return the simulated moment."""
        elapsed = self.elapsed
        present = self.present
        if self.for_ever:
            present += timedelta(seconds=elapsed)
        return min(self.start + timedelta(seconds=elapsed * self.speed), present)

    def is_over(self, at: datetime) -> bool:
        return not self.for_ever and at >= self.present

    def seconds_until(self, at: datetime) -> float:
        """Return how many real seconds pass until a simulated moment."""
        ahead = (at - self.now()).total_seconds()
        return max(ahead / (1 if self.has_caught_up else self.speed), 0)
