import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from smarttrader.history.people import begun_plan
from smarttrader.history.plan import Plan
from smarttrader.history.writing import Written, write_history
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = (
        "Fill a database with made-up owners, bots, trades and ticks, to measure by."
        " A run that was stopped goes on; a second one changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bots", type=_count, default=5000, metavar="N")
        parser.add_argument("--trades", type=_count, default=10_000_000, metavar="N")
        parser.add_argument(
            "--ticks",
            type=int,
            default=0,
            metavar="N",
            help="of a year's trades",
        )
        parser.add_argument("--years", type=_count, default=5, metavar="N")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        plan = begun_plan(
            Plan(
                bots=options["bots"],
                trades=options["trades"],
                ticks=options["ticks"],
                years=options["years"],
                seed=options["seed"],
                until=now.replace(hour=0, minute=0, second=0, microsecond=0),
            )
        )
        self._started = time.monotonic()
        self._plan = plan
        self.stderr.write(f"{plan.bots} bots of {plan.owners} owners ...")
        written = write_history(plan=plan, now=now, on_progress=self._show)
        self.stdout.write(f"{written.trades} trades and {written.ticks} ticks written")
        if written.trades:
            self.stdout.write("Next: manage.py rollup --all")

    def _show(self, written: Written) -> None:
        rate = (written.trades + written.ticks) / (time.monotonic() - self._started)
        self.stderr.write(
            f"{written.month:%Y-%m}: {written.trades:,} of {self._plan.trades:,}"
            f" trades, {written.ticks:,} ticks, {rate:,.0f} rows/s"
        )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ArgumentTypeError("at least 1")
    return count
