from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts import (
            limits,
            receivers,  # noqa: F401 -- they connect by being imported
        )

        limits.let_limits_tell_their_end()
