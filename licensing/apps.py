from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"

    def ready(self) -> None:
        from licensing import (  # noqa: F401 -- they register themselves
            checks,
            receivers,
        )
