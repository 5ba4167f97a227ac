"""Password hashes, of which a process makes only a few at once.

One takes 0.3 s of CPU: without a cap, a burst of sign-ins would starve everything else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from smarttrader.lib.errors import Overloaded

WAIT_SECONDS = 2.0

_places = threading.BoundedSemaphore(settings.HASHES_AT_ONCE)


@contextmanager
def a_place() -> Iterator[None]:
    """Hold one of the process's places. Raises Overloaded after two seconds."""
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise Overloaded
    try:
        yield
    finally:
        _places.release()


class CappedBCryptSHA256PasswordHasher(BCryptSHA256PasswordHasher):
    """Django's own, by the same name in the database. Raises Overloaded."""

    def encode(self, password: str, salt: str) -> str:
        with a_place():
            return super().encode(password, salt)  # which `verify` calls, too
