"""PostgreSQL in models: the server's clock, checks for enums, prepared statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import Func


class DatabaseNow(Func):
    """The transaction's time, as a column default: `now()`."""

    function = "now"
    output_field = models.DateTimeField()


def one_of(
    field: str, choices: type[models.TextChoices], *, name: str
) -> models.CheckConstraint:
    """Return the CHECK that makes a varchar column an enum of these choices."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": choices.values}), name=name
    )


class SilentUniqueConstraint(models.UniqueConstraint):
    """A rule of the database that another one speaks for: forms would say it twice."""

    def validate(self, *_args: Any, **_options: Any) -> None:
        pass


class CreatedAtField(models.DateTimeField[Any, Any]):
    """When the row was written: DEFAULT now()."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("db_default", DatabaseNow())
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)


class UpdatedAtField(CreatedAtField):
    """When the row last changed: DEFAULT now(), moved on by each save."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("auto_now", True)
        super().__init__(**kwargs)


class _PreparingCursor(psycopg.Cursor[Any]):
    def execute(self, *args: Any, **kwargs: Any) -> Any:
        # For this statement only: psycopg counts whatever a connection with a threshold
        # is asked, and keeps the last hundred texts, of a batch a megabyte each.
        self.connection.prepare_threshold = 0
        try:
            return super().execute(*args, **kwargs)
        finally:
            self.connection.prepare_threshold = None


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """Yield a cursor whose statements PostgreSQL plans once for each connection.

    For single rows by primary key, where planning takes longer than the rest. Never for
    partitioned tables: a plan for whichever value was 80 times slower there.
    """
    if connection.queries_logged:  # only Django's own cursor tells what it ran
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with _PreparingCursor(connection.connection) as raw:
        preparing: Any = raw
        yield connection.make_cursor(preparing)
