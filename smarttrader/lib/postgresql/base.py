"""Django's PostgreSQL, whose pool looks at a connection instead of asking it."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None and pool._check is not None:  # noqa: SLF001
            # Django names psycopg's own, which asks the server something for each
            # request: a tenth of a heartbeat.
            pool._check = refuse_closed  # noqa: SLF001
        return pool


def refuse_closed(connection: psycopg.Connection[Any]) -> None:
    """Raise OperationalError for an idle connection whose server hung up.

    Only then is there something to read on it, be it the end or the reason. Who cut the
    line without a word is not found out; asking would wait as long as the query does.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        connection.close()  # or the pool would take it back
        raise psycopg.OperationalError("the server closed the connection")
