from argparse import ArgumentParser
from typing import Any

from smarttrader.jobs.services import repairing, retention
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = (
        "Archive and detach the partitions past their retention, and drop those"
        " detached a week ago. With --again, write a damaged archive anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again",
            metavar="PARTITION",
            help="replace its archives while a table holds the rows still",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now, tell = clock.now(), self.stderr.write
        if partition := options["again"]:
            written = repairing.archive_again(
                partition=partition, now=now, on_progress=tell
            )
            self.stdout.write(f"{written} archives written anew")
            return
        done = retention.archive_partitions(now=now, on_progress=tell)
        self.stdout.write(f"{done} partitions detached or dropped")
