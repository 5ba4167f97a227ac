"""Running the parts in the order in which one may disturb the next."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from smarttrader.bench import (
    back_office,
    copying,
    deletion,
    duck,
    ground,
    heartbeats,
    ingest,
    memory,
    reading,
    rolling,
    stages,
)
from smarttrader.bench.ground import Ground
from smarttrader.bench.report import Row, markdown
from smarttrader.bench.sizes import Sizes
from smarttrader.lib import clock

Part = Callable[[Ground], list[Row]]
PARTS: dict[str, Part] = {
    "rebuild": rolling.measure_rebuild,
    "incremental": rolling.measure_incremental,
    "duckdb": duck.measure,
    "overview": reading.measure_overview,
    "pages": reading.measure_pages,
    "lists": reading.measure_lists,
    "breakdowns": reading.measure_breakdowns,
    "heartbeat": heartbeats.measure,
    "ticks": ingest.measure_ticks,
    "copy": copying.measure,
    "trades": ingest.measure_trades,
    "resync": ingest.measure_resync,
    "deletion": deletion.measure,
    "memory": memory.measure,
    "back_office": back_office.measure,
}


def run(sizes: Sizes, names: Sequence[str]) -> int:
    """Measure the parts and print the table; return an exit status.

    A missed target is no failure: the machine may have been busy.
    """
    now: datetime = clock.now()
    on = Ground(sizes, now, _say)
    rows = ground.prepare(on)
    for name, part in PARTS.items():
        if name in names:
            _say(f"{name} ...")
            measured = part(on)
            _say(markdown(measured))
            rows += measured
    told = stages.table(stages.measure(on)) if "stages" in names else ""
    print(markdown(rows), told, sep="\n\n", flush=True)
    missed = sum(row.verdict == "MISSED" for row in rows)
    _say(f"{missed} targets were missed")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
