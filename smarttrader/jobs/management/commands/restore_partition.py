from argparse import ArgumentParser
from typing import Any

from smarttrader.jobs.services.restoring import restore_partition
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Bring an archived partition back, like trade_history_p20250131, for a time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--days", type=int, default=30, help="how long retention leaves it alone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        came = restore_partition(
            name=options["name"],
            days=options["days"],
            now=clock.now(),
            on_progress=self.stderr.write,
        )
        self.stdout.write(
            f"{came.rows} rows restored, {came.orphans} left out as what they belonged"
            f" to is deleted, {came.present} were there already"
        )
