"""Races on real connections: every thread waits at one barrier, then all go at once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, transaction

Result = TypeVar("Result")


def all_at_once(
    calls: Sequence[Callable[[], Result]], *, lock_timeout: str = "60s"
) -> list[Result]:
    """Run each call in a thread with its own connection; return what they return.

    They wait for locks longer than the product does: how long that takes is the
    machine's affair.
    """
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        try:
            _connect(lock_timeout)
        except Exception:
            barrier.abort()  # nobody need wait for it
            raise
        try:
            barrier.wait(timeout=60)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def _connect(lock_timeout: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{lock_timeout}'")


def wait_until_one_waits_for_us() -> None:
    """Return when another connection waits for this one's transaction."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def second_waits_for_first(
    first: Callable[[], object], second: Callable[[], Result]
) -> Result:
    """Run `second` while `first` is done but not committed; return what it returns."""

    def run() -> Result:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(run)
            wait_until_one_waits_for_us()
        return waiting.result()
