from argparse import ArgumentParser
from typing import Any

from analytics.services import rollups
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Recompute the metrics of dirty hours, or with --all of every period."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", dest="is_rebuild")

    def handle(self, *args: Any, **options: Any) -> None:
        run = rollups.rebuild if options["is_rebuild"] else rollups.roll_up
        taken = run(now=clock.now(), on_progress=self._show)
        self.stdout.write(f"{taken} dirty hours rolled up")

    def _show(self, taken: int) -> None:
        self.stderr.write(f"{taken} dirty hours ...")
