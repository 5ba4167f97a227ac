import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from smarttrader.demo import cast, licenses
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand
from smarttrader.simulation.advisor import Assignment
from smarttrader.simulation.client import Tally
from smarttrader.simulation.clock import SimulatedClock
from smarttrader.simulation.fleet import run_fleet


class Command(DomainCommand):
    help = (
        "Let simulated EAs trade over the HTTP API. Their clock starts at now -"
        " minutes x speed, runs `speed` times as fast, and ends at now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bots", type=_count, default=3, metavar="N")
        parser.add_argument(
            "--minutes", type=_amount, default=10, metavar="M", help="real minutes"
        )
        parser.add_argument("--speed", type=_amount, default=60, metavar="X")
        parser.add_argument("--url", type=_url, default=settings.SITE_URL)
        parser.add_argument(
            "--license-key",
            action="append",
            default=[],
            metavar="K",
            help="may be repeated; without any, a license is issued in the local"
            " database, or the one of the run before taken",
        )
        parser.add_argument(
            "--demo", action="store_true", help="go on with the bots that `seed` made"
        )
        parser.add_argument(
            "--forever",
            action="store_true",
            help="go on in real time once the clock has caught up",
        )
        parser.add_argument("--seed", type=int, default=cast.SEED)
        parser.add_argument(
            "--no-limits",
            action="store_true",
            help="for tests: do not sleep between rounds",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stopping.set())
        simulated = SimulatedClock(
            now=clock.now(),
            minutes=options["minutes"],
            speed=options["speed"],
            for_ever=options["forever"],
        )
        assignments = self._assignments(simulated, options)
        connection.close()  # nothing below needs the database
        tally = run_fleet(
            assignments,
            url=options["url"],
            clock=simulated,
            seed=cast.SEED if options["demo"] else options["seed"],
            stopping=stopping,
            say=self._say,
            has_limits=not options["no_limits"],
        )
        self._conclude(len(assignments), tally)

    def _assignments(
        self, simulated: SimulatedClock, options: dict[str, Any]
    ) -> Sequence[Assignment]:
        count, keys = options["bots"], options["license_key"]
        if keys:  # of another server, perhaps: the local database is left alone
            return licenses.assignments_for(keys, count)
        if options["demo"]:
            assignments = licenses.demo_assignments(count)
            if not assignments:
                raise CommandError("the demo's bots are missing: run `seed` first")
        else:
            key = licenses.license_key_for(count, now=clock.now())
            assignments = licenses.assignments_for([key], count)
        return [licenses.continued(each, start=simulated.start) for each in assignments]

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _conclude(self, bots: int, tally: Tally) -> None:
        for problem in tally.problems:
            self.stderr.write(problem)
        self._say(
            f"simulated {bots} bots: {tally.trades} trades, {tally.ticks} ticks,"
            f" {tally.heartbeats} heartbeats in {tally.calls} calls;"
            f" {tally.sent_twice} sent twice, {tally.lost_connections} lost"
            f" connections, {tally.told_to_wait} told to wait, {tally.refusals}"
            f" refused, {tally.server_errors} server errors,"
            f" {tally.problem_count} protocol errors"
        )
        if tally.errors:
            raise CommandError(f"{tally.errors} errors", returncode=1)


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 100:  # noqa: PLR2004 -- an account number has two digits for it
        raise ArgumentTypeError("from 1 to 100")
    return count


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < float("inf"):
        raise ArgumentTypeError("0 or more")
    return amount


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ArgumentTypeError("an address such as http://127.0.0.1:8000")
    return text
