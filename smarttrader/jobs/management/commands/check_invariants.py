from typing import Any

from smarttrader.jobs.services import invariants
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Look whether partitions, roll-ups and archives are as they must be."

    def handle(self, *args: Any, **options: Any) -> None:
        held = invariants.check_invariants(
            now=clock.now(), on_progress=self.stderr.write
        )
        self.stdout.write(f"{held} invariants hold")
