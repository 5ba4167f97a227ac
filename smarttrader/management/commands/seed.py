from typing import Any

from django.conf import settings

from smarttrader.demo import cast, seeding
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand
from smarttrader.lib.errors import DomainError


class NotALaptop(DomainError):
    code = "NOT_A_LAPTOP"
    title = "Demo users with a known password belong onto a laptop: DEBUG is off"


class Command(DomainCommand):
    help = "Create what is missing of the demo. Twice changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise NotALaptop
        created = seeding.seed(now=clock.now())
        self.stdout.write(f"{created} of {len(cast.PEOPLE)} demo users created")
