from typing import Any

from notifications.services.sealing import rotate_secrets
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = (
        "Seal every secret of a webhook with the keyring's newest key. Run it beside"
        " rotate_license_keys, before the old key is taken out of the keyring."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rotate_secrets()} secrets sealed anew")
