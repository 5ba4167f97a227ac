from typing import Any

from django.core.management.base import CommandError

from licensing.models import LicenseEvent
from licensing.services.events import broken_chains
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Check that no event of a license was changed, added or taken out."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = list(broken_chains())
        for chain in broken:
            self.stderr.write(
                f"license {chain.license_id}: event {chain.sequence} {chain.problem}"
            )
        if broken:
            raise CommandError(f"{len(broken)} chains are broken")
        self.stdout.write(f"{LicenseEvent.objects.count()} events hold")
