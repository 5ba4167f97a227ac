"""Attempts to deliver: claimed by one worker, sent outside any transaction, noted.

However often a peer refuses, and whenever a worker is killed, a message waits for its
next attempt. It is sent twice only when a worker dies between the peer's yes and its
own note of it; then both have one identifier, by which a peer can tell.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F

from notifications.models import MOST_ERROR_CHARACTERS, Delivery, DeliveryState

# A claimed message is nobody else's for so long: more than a hung peer can take.
CLAIMED_FOR = timedelta(minutes=5)
# Nobody claims more after so much of a sweep, so that no claim ends during an attempt.
SWEEP_LASTS = timedelta(seconds=45)
FIRST_PAUSE = timedelta(minutes=1)

logger = logging.getLogger(__name__)


class Failure(Exception):
    """A peer did not take a message; the text never quotes the message."""


class Refusal(Failure):
    """A peer will not take it however often it is asked."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a message is tried, and how long the pauses become."""

    most_attempts: int
    longest_pause: timedelta

    def pause_after(self, attempts: int) -> timedelta:
        doubled: timedelta = FIRST_PAUSE * 2 ** (attempts - 1)
        return min(doubled, self.longest_pause)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One run over what is due."""

    now: datetime
    patience: Patience
    _started: float = field(default_factory=time.monotonic)

    def claim(self, delivery: Delivery) -> bool:
        """Return whether this worker is the one that sends it."""
        elapsed = timedelta(seconds=time.monotonic() - self._started)
        if elapsed > SWEEP_LASTS:
            return False
        until = self.now + elapsed + CLAIMED_FOR
        # The WHERE clause is the lock: of two workers one finds it still due.
        claimed = Delivery.objects.due(self.now).filter(pk=delivery.pk)
        delivery.attempts += 1
        return bool(claimed.update(attempts=F("attempts") + 1, next_attempt_at=until))

    def attempt(self, delivery: Delivery, send: Callable[[Delivery], object]) -> bool:
        """Send what is ours to send, and note how it went; return whether it is sent.

        A message that cannot even be written must not keep the others waiting.
        """
        if not self.claim(delivery):
            return False
        return self.settle(delivery, outcome(send, delivery))

    def settle(self, delivery: Delivery, error: Exception | None) -> bool:
        """Note how the attempt at a claimed message went; return whether it is sent."""
        if error is None:
            _finish(delivery, DeliveryState.SENT, self.now)
            return True
        told = describe(error)
        logger.warning("delivery %s failed: %s", delivery.pk, told)
        is_hopeless = isinstance(error, Refusal)
        if is_hopeless or delivery.attempts >= self.patience.most_attempts:
            _finish(delivery, DeliveryState.DEAD, self.now, error=told)
            return False
        pause = self.patience.pause_after(delivery.attempts)
        self._wait(delivery, pause, error=told)
        return False

    def give_back(self, delivery: Delivery, pause: timedelta) -> None:
        """Let a claimed message wait at no cost: the peer is away for all of them."""
        self._wait(delivery, pause, attempts=delivery.attempts - 1)

    def _wait(self, delivery: Delivery, pause: timedelta, **changes: object) -> None:
        # Only while the claim is ours: another may have finished it meanwhile.
        ours = Delivery.objects.filter(
            pk=delivery.pk, attempts=delivery.attempts, state=DeliveryState.WAITING
        )
        ours.update(next_attempt_at=self.now + pause, **changes)


def outcome(send: Callable[[Delivery], object], delivery: Delivery) -> Exception | None:
    """Send, and return what went wrong, if anything did."""
    try:
        send(delivery)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is noted
        return error
    return None


def describe(error: Exception) -> str:
    """Return the kind of an error and the server's code: the rest may quote."""
    if isinstance(error, Failure):
        return str(error)[:MOST_ERROR_CHARACTERS]
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()[:MOST_ERROR_CHARACTERS]


def _finish(
    delivery: Delivery, state: DeliveryState, now: datetime, error: str = ""
) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, text="", html="", finished_at=now, error=error
    )
