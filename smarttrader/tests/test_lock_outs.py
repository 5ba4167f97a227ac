import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.broken_redis import nobody_there
from smarttrader.lib.lock_outs import LockOut

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# As in the protocol, but for three attempts.
LOCK_OUT = LockOut("test", 3, 900, 60, 3600)


def fail(times, now=NOON):
    for _ in range(times):
        LOCK_OUT.note_failure("alice", now)


def left(now=NOON, who="alice"):
    return LOCK_OUT.seconds_left(who, now)


def test_the_last_allowed_failure_locks_out_for_a_minute():
    fail(2)
    before = left()

    fail(1)

    assert (before, left()) == (0, 60)
    assert left(NOON + timedelta(seconds=59)) == 1
    assert left(NOON + timedelta(seconds=60)) == 0
    assert left(who="bob") == 0


def test_without_redis_the_process_locks_out_alone(settings):
    mine = {**settings.CACHES["default"], "LOCATION": nobody_there()}
    settings.CACHES = {"default": mine}

    fail(3)
    locked = left()
    LOCK_OUT.forgive("alice")

    assert (locked, left()) == (60, 0)


def test_each_further_lock_lasts_twice_as_long_up_to_an_hour():
    now, lasted = NOON, []

    for _ in range(9):
        fail(3, now)
        lasted.append(left(now))
        now += timedelta(seconds=left(now))

    assert lasted == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_failures_while_locked_out_do_not_lengthen_the_lock():
    fail(3)

    fail(6)

    assert left() == 60


def test_a_success_clears_all():
    fail(3)
    fail(3, NOON + timedelta(seconds=60))
    fail(2, NOON + timedelta(seconds=200))

    LOCK_OUT.forgive("alice")

    assert left(NOON + timedelta(seconds=61)) == 0
    fail(2)
    assert left() == 0
    fail(1)
    assert left() == 60


def test_many_failures_at_once_lock_once():
    barrier = threading.Barrier(12)

    def run(_):
        barrier.wait(timeout=60)
        fail(1)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(run, range(12)))
    first = left()
    fail(3, NOON + timedelta(seconds=60))

    assert first == 60
    # Another one at once would have made this the third lock.
    assert left(NOON + timedelta(seconds=60)) == 120


def test_failures_that_are_out_of_the_window_do_not_count():
    brief = LockOut("brief", 3, window_seconds=1, first_seconds=60, longest_seconds=60)
    brief.note_failure("alice", NOON)
    brief.note_failure("alice", NOON)
    threading.Event().wait(1.2)

    brief.note_failure("alice", NOON)

    assert brief.seconds_left("alice", NOON) == 0


@pytest.mark.parametrize("attempts", [1, 2])
def test_few_attempts_may_be_allowed(attempts):
    strict = LockOut("strict", attempts, 900, 60, 3600)

    for _ in range(attempts):
        assert strict.seconds_left("alice", NOON) == 0
        strict.note_failure("alice", NOON)

    assert strict.seconds_left("alice", NOON) == 60
