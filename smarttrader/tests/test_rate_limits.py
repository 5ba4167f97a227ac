import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import redis

from accounts.tests.broken_redis import cut_off_at, nobody_there
from smarttrader.lib.rate_limits import Limit, Usage, count_call, count_calls, narrowest

pytestmark = pytest.mark.usefixtures("one_window")

LIMIT = Limit("test", calls=3)


@pytest.fixture
def use_redis(settings):
    def use(url):
        mine = {**settings.CACHES["default"], "LOCATION": url}
        settings.CACHES = {"default": mine}

    return use


def outcomes(limit, who, calls):
    usages = [count_call(limit, who) for _ in range(calls)]
    return [(usage.remaining, usage.is_exceeded) for usage in usages]


def test_the_call_after_the_last_one_is_too_many():
    assert outcomes(LIMIT, "alice", 5) == [
        (2, False),
        (1, False),
        (0, False),
        (0, True),
        (0, True),
    ]


def test_every_caller_and_every_name_is_counted_apart():
    outcomes(LIMIT, "alice", 4)

    assert outcomes(LIMIT, "bob", 1) == [(2, False)]
    assert outcomes(Limit("other", calls=3), "alice", 1) == [(2, False)]


def test_a_limit_of_nothing_lets_nobody_through():
    usage = count_call(Limit("test", calls=0), "alice")

    assert (usage.limit, usage.remaining, usage.is_exceeded) == (0, 0, True)


def test_of_many_at_once_no_more_get_through_than_may():
    barrier = threading.Barrier(8)

    def call(_):
        barrier.wait(timeout=60)
        return count_call(LIMIT, "alice").is_exceeded

    with ThreadPoolExecutor(8) as pool:
        exceeded = list(pool.map(call, range(8)))

    assert sorted(exceeded) == [False] * 3 + [True] * 5


@pytest.mark.parametrize("is_redis_there", [True, False])
def test_behind_a_limit_that_is_exceeded_nothing_is_counted(is_redis_there, use_redis):
    if not is_redis_there:
        use_redis(nobody_there())
    wide, narrow = Limit("wide", calls=2), Limit("narrow", calls=9)
    both = [(wide, "address"), (narrow, "bot")]

    told = [count_calls(both) for _ in range(4)]

    assert [[usage.remaining for usage in usages] for usages in told] == [
        [1, 8],
        [0, 7],
        [0],
        [0],
    ]
    assert [usages[-1].is_exceeded for usages in told] == [False, False, True, True]
    assert count_call(narrow, "bot").remaining == 6


def test_without_redis_the_process_counts_alone(use_redis):
    use_redis(nobody_there())

    assert outcomes(LIMIT, "alice", 4) == [
        (2, False),
        (1, False),
        (0, False),
        (0, True),
    ]


def test_no_call_is_free_when_redis_dies_at_a_count(use_redis, settings):
    with cut_off_at(b"EVAL", settings.CACHES["default"]["LOCATION"]) as url:
        use_redis(url)

        assert outcomes(LIMIT, "alice", 4) == [
            (2, False),
            (1, False),
            (0, False),
            (0, True),
        ]


def test_a_count_ends_with_its_window(settings):
    count_call(LIMIT, "alice")

    with redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]) as client:
        prefix = settings.CACHES["default"]["KEY_PREFIX"]
        (key,) = client.scan_iter(f"{prefix}:*", count=10_000)
        assert 0 < client.ttl(key) <= 65


def test_the_headers_tell_when_the_limit_begins_anew():
    usage = Usage(limit=60, remaining=59, seconds_left=17, is_exceeded=False)

    assert usage.headers(datetime.fromtimestamp(1_750_000_000.9, UTC)) == {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "59",
        "X-RateLimit-Reset": "1750000017",
    }


def test_the_narrowest_limit_bites_first_and_longest():
    wide = Usage(limit=1200, remaining=7, seconds_left=50, is_exceeded=False)
    short = Usage(limit=60, remaining=0, seconds_left=5, is_exceeded=True)
    long = Usage(limit=30, remaining=0, seconds_left=9, is_exceeded=True)

    assert narrowest([wide, short]) == short
    assert narrowest([wide, short, long]) == long
