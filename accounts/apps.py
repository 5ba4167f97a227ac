from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import (
            limits,
            receivers,  # noqa: F401 -- they connect by being imported
        )

        limits.let_limits_tell_their_end()
