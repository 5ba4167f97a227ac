"""Timing things in turns, so that a busy moment of the machine meets all of them."""

import time
from collections.abc import Callable, Mapping
from statistics import median

Run = Callable[[], object]


def seconds_of(run: Run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def interleaved(runs: Mapping[str, Run], repetitions: int) -> dict[str, float]:
    """Return the median seconds of each run; the first round only warms up."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repetitions + 1):
        for name, run in runs.items():
            seconds = seconds_of(run)
            if turn:
                taken[name].append(seconds)
    return {name: median(each) for name, each in taken.items()}


def times(count: int, run: Run) -> Run:
    """Return a run that does another one so many times."""

    def repeat() -> None:
        for _ in range(count):
            run()

    return repeat
