"""What lets one session at a time work on archives, for as long as it takes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from django.db import DatabaseError, OperationalError, connection

from smarttrader.lib.errors import DomainError

ATTEMPTS = 5
Result = TypeVar("Result")


class ArchiveBusy(DomainError):
    code = "ARCHIVE_BUSY"
    title = "Another session is archiving or restoring"
    kind = "conflict"


@contextmanager
def archive_lock() -> Iterator[None]:
    """Hold the one lock of archives, and let statements last.

    A lock of the session, not of a transaction: DETACH CONCURRENTLY wants none around
    it. It ends with the session, also when the process is killed. Raises ArchiveBusy.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('archive'), 0)")
        if not cursor.fetchone()[0]:
            raise ArchiveBusy
        cursor.execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        # A connection that is gone took both with it.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
            cursor.execute("SELECT pg_advisory_unlock(hashtext('archive'), 0)")


def patiently(step: Callable[[], Result]) -> Result:
    """Run a step that needs a strong lock, and again when it could not have it.

    Each try gives up after lock_timeout: who waits longer for such a lock holds up all
    who ask after it, heartbeats among them.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return step()
        except OperationalError:
            if not connection.is_usable():
                raise
    return step()
