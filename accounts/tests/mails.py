"""What accounts wants to be mailed while a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from accounts.signals import mail_wanted


@contextmanager
def mails_wanted() -> Iterator[list[dict[str, Any]]]:
    """Collect the arguments of each mail that is announced."""
    wanted: list[dict[str, Any]] = []

    def hear(**arguments: Any) -> None:
        wanted.append(arguments)

    mail_wanted.connect(hear)
    try:
        yield wanted
    finally:
        mail_wanted.disconnect(hear)
