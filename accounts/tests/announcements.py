"""What signals announce while a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.dispatch import Signal


@contextmanager
def announced_by(module: ModuleType) -> Iterator[list[str]]:
    """Collect the names of a module's signals, in the order in which they are sent."""
    signals = {
        name: signal for name, signal in vars(module).items() if type(signal) is Signal
    }
    heard: list[str] = []

    def hear(signal: Signal, **_kwargs: Any) -> None:
        heard.extend(name for name, each in signals.items() if each is signal)

    for signal in signals.values():
        signal.connect(hear)
    try:
        yield heard
    finally:
        for signal in signals.values():
            signal.disconnect(hear)
