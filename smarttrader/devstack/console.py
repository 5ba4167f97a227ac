"""Progress lines: what is being done, and how long it took."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Console:
    """Print whole lines, also from several threads at once."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        with self._lock:
            try:
                print(text, file=self._stream, flush=True)
            except BrokenPipeError:
                # `make run | head` must still stop everything in order.
                self._stream = sys.stderr

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say that `name` begins, and at its end how long it took."""
        self.say(f"==> {name} ...")
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self.say(f"==> {name}: FAILED after {seconds_since(started)}")
            raise
        self.say(f"==> {name}: done in {seconds_since(started)}")


def seconds_since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"
