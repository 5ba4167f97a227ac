"""What the parts of the benchmark stand on: two histories that differ in size alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bots.models import BotInstance
from smarttrader.bench.databases import (
    Finished,
    create_database,
    manage,
    raw_connection,
    use_database,
)
from smarttrader.bench.report import Row, duration
from smarttrader.bench.sizes import Sizes
from smarttrader.history.plan import Plan

FEW, MANY = "bench_few", "bench_many"
LONG_RUN_MEGABYTES = 300


@dataclass(frozen=True, slots=True)
class Ground:
    sizes: Sizes
    now: datetime
    say: Callable[[str], None]
    rebuilt: list[Finished] = field(default_factory=list)
    generated: list[Finished] = field(default_factory=list)

    def plan(self, trades: int) -> Plan:
        today = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Plan(bots=self.sizes.bots, trades=trades, until=today)

    @property
    def many(self) -> Plan:
        return self.plan(self.sizes.many)

    def bots(self) -> list[BotInstance]:
        """Return bots of the larger history by activity, and make it Django's."""
        use_database(MANY)
        by_id = BotInstance.objects.select_related("license").in_bulk()
        return [by_id[bot.id] for bot in self.many.planned_bots]

    @property
    def last_hour(self) -> datetime:
        return self.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def prepare(ground: Ground) -> list[Row]:
    """Make both databases, fill them and roll them up; tell how fast that went."""
    sizes = ground.sizes
    rows = []
    for name, trades in ((FEW, sizes.few), (MANY, sizes.many)):
        ground.say(f"{trades:,} trades of {sizes.bots:,} bots ...")
        create_database(name)
        arguments = ("--bots", str(sizes.bots), "--trades", str(trades))
        generated = manage(name, "generate_history", *arguments)
        ground.say(f"  generated in {duration(generated.seconds)}; rolling up ...")
        rebuilt = manage(name, "rollup", "--all")
        ground.say(f"  rolled up in {duration(rebuilt.seconds)}")
        # As autovacuum does within minutes: a rebuild leaves a million dead marks.
        with raw_connection(name) as raw:
            raw.execute("VACUUM ANALYZE")
        ground.generated.append(generated)
        ground.rebuilt.append(rebuilt)
    rows.append(
        Row(
            name=f"generate_history of {sizes.many:,} trades",
            took=duration(ground.generated[-1].seconds),
            value=sizes.many / ground.generated[-1].seconds,
            unit=" rows/s",
        )
    )
    return rows
