from typing import Any

from accounts.services import second_factors
from licensing.services.sealing import rotate_license_keys
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = (
        "Seal every license key, and the secrets of second factors, with the"
        " keyring's newest key. Put the new key before"
        " the old one into the keyring, restart all processes, run this, then take the"
        " old key out. It may be stopped and run again at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(done: int) -> None:
            self.stderr.write(f"{done} keys sealed anew ...")

        self.stdout.write(f"{rotate_license_keys(progress=progress)} keys sealed anew")
        factors = second_factors.seal_all_anew()
        self.stdout.write(f"{factors} second factors sealed anew")
