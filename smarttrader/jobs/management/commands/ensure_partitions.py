from typing import Any

from django.core.management.base import BaseCommand

from smarttrader.jobs import partitions
from smarttrader.lib import clock


class Command(BaseCommand):
    help = "Make the partitions of the present and of the periods ahead."

    def handle(self, *args: Any, **options: Any) -> None:
        made = partitions.ensure_partitions_ahead(now=clock.now())
        self.stdout.write(f"{made} partitions made")
