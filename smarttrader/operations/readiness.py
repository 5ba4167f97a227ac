"""Whether this process can serve: asked each few seconds, answered within three."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from redis.backoff import NoBackoff
from redis.retry import Retry

from licensing import checks as license_checks
from smarttrader.jobs.services.invariants import partitions_behind

# A connection of the pool may be to a server that hangs: only a client's clock tells.
DATABASE_SECONDS = 2.0
REDIS_SECONDS = 0.2
OK, AWAY, WRONG = "ok", "away", "wrong"
# Redis's work is done in memory meanwhile (smarttrader/lib/cache.py).
DISPENSABLE = frozenset({"redis"})

logger = logging.getLogger(__name__)


@dataclass
class Readiness:
    """`checks` tells of each thing that is needed `ok`, `away` or `wrong`."""

    checks: dict[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        return {name for name, found in self.checks.items() if found != OK} <= (
            DISPENSABLE
        )

    @property
    def status(self) -> str:
        if not self.is_ready:
            return "unready"
        return "ready" if set(self.checks.values()) == {OK} else "degraded"


def readiness(*, now: datetime) -> Readiness:
    """Return whether PostgreSQL, migrations, keys, partitions and Redis are there."""
    found = Readiness(_asker.ask(now))
    found.checks["redis"] = _redis()
    return found


class _Asker:
    """Asks the database in a thread of its own, and never twice at once.

    So a database that hangs holds one thread, however often we are asked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readyz")
        self._running: Future[dict[str, str]] | None = None

    def ask(self, now: datetime) -> dict[str, str]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = self._thread.submit(_database, now)
            running = self._running
        try:
            return running.result(DATABASE_SECONDS)
        except TimeoutError:
            return {"database": AWAY}


_asker = _Asker()


def _database(now: datetime) -> dict[str, str]:
    found = {"database": OK}
    try:
        for name, holds in CHECKS.items():
            found[name] = OK if holds(now) else WRONG
    except Error as error:
        logger.warning("the database does not answer: %s", error)
        return {"database": AWAY}
    finally:
        connection.close()
    return found


class _Migrations:
    """Whether all migrations of this code ran; once they have, that is not read again.

    To load them takes a tenth of a second of CPU.
    """

    def __init__(self) -> None:
        self._are_applied = False

    def __call__(self, _now: datetime) -> bool:
        if not self._are_applied:
            executor = MigrationExecutor(connection)
            targets = executor.loader.graph.leaf_nodes()
            self._are_applied = not executor.migration_plan(targets)
        return self._are_applied


def _license_keys(_now: datetime) -> bool:
    return not [
        *license_checks.keyring_is_usable(),
        *license_checks.keyring_opens_the_stored_keys(databases=["default"]),
    ]


def _partitions(now: datetime) -> bool:
    return not partitions_behind(now, lambda _line: None)


CHECKS: dict[str, Callable[[datetime], bool]] = {
    "migrations": _Migrations(),
    "license_keys": _license_keys,
    "partitions": _partitions,
}


def _redis() -> str:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return AWAY
    finally:
        client.close()
    return OK
