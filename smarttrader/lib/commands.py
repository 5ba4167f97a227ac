"""Management commands that end a refusal with its code, not with a traceback."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from smarttrader.lib.errors import DomainError

REFUSED = 2


class DomainCommand(BaseCommand):
    """A command whose refusals become `CODE: message` on stderr and exit status 2."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(
                f"{error.code}: {error.message}", returncode=REFUSED
            ) from error
