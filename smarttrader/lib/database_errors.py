"""What the database's refusals mean to whoever called."""

from django.db import Error, InterfaceError, InternalError, OperationalError

# The database is away or locked: a retry will tell.
PASSING_PROBLEMS = (OperationalError, InterfaceError, InternalError)
RETRY_AFTER_SECONDS = 5
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"


def sqlstate_of(error: Error) -> str:
    """Return PostgreSQL's code of an error, or nothing."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "sqlstate", None) or ""
