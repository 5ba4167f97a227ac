"""Several EAs at once, a thread each: EAs block while they wait for an answer."""

import threading
from collections.abc import Callable, Sequence

from smarttrader.simulation.advisor import Advisor, Assignment
from smarttrader.simulation.client import Tally
from smarttrader.simulation.clock import SimulatedClock

PROGRESS_SECONDS = 10.0
CALM_PROGRESS_SECONDS = 300.0  # in real time, when little happens
LAST_ANSWER_SECONDS = 40.0  # for a call that is under way when somebody asks to stop


def run_fleet(
    assignments: Sequence[Assignment],
    *,
    url: str,
    clock: SimulatedClock,
    seed: int,
    stopping: threading.Event,
    say: Callable[[str], None],
    has_limits: bool = True,
) -> Tally:
    """Run the EAs to the end of the clock or until `stopping`; return what happened."""
    advisors = [
        Advisor(
            assignment,
            url=url,
            clock=clock,
            seed=seed,
            stopping=stopping,
            has_limits=has_limits,
        )
        for assignment in assignments
    ]
    threads = [
        threading.Thread(target=_run, args=(advisor,), daemon=True)
        for advisor in advisors
    ]
    for thread in threads:
        thread.start()
    told = clock.elapsed
    while running := [thread for thread in threads if thread.is_alive()]:
        # Short waits: a signal's handler runs in this thread, between them.
        running[0].join(0.2)
        pause = CALM_PROGRESS_SECONDS if clock.has_caught_up else PROGRESS_SECONDS
        if clock.elapsed - told >= pause:
            told = clock.elapsed
            say(_progress(clock, len(running), _sum(advisors)))
        if stopping.is_set():
            _join_all(threads, clock.elapsed + LAST_ANSWER_SECONDS, clock)
            break
    return _sum(advisors)


def _run(advisor: Advisor) -> None:
    try:
        advisor.run()
    except Exception as error:  # noqa: BLE001 -- the others go on; the summary tells
        advisor.client.tally.note_problem(f"the simulation failed: {error!r}")


def _join_all(
    threads: Sequence[threading.Thread], deadline: float, clock: SimulatedClock
) -> None:
    for thread in threads:
        thread.join(max(deadline - clock.elapsed, 0.0))


def _sum(advisors: Sequence[Advisor]) -> Tally:
    return sum((advisor.client.tally for advisor in advisors), start=Tally())


def _progress(clock: SimulatedClock, running: int, tally: Tally) -> str:
    return (
        f"{clock.now():%Y-%m-%d %H:%M:%S} simulated: {running} bots, {tally.trades}"
        f" trades, {tally.ticks} ticks, {tally.heartbeats} heartbeats,"
        f" {tally.errors} errors"
    )
