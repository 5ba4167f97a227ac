from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.cache import caches
from django.urls import reverse

from accounts.tests.broken_redis import hung, nobody_there
from smarttrader.lib.cache import (
    BREAKER_SECONDS,
    Breaker,
    SurvivingCache,
    breaker_of,
    database_url,
)

REDIS = database_url(settings.REDIS_URL, 1)
PARAMS = {"OPTIONS": {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}}


@pytest.fixture(autouse=True)
def _breakers_closed():
    # A process keeps a breaker for each address, and a port may be given out again.
    breaker_of.cache_clear()


@pytest.fixture
def hung_redis():
    with hung() as server:
        yield server.url


@pytest.fixture
def dead_redis():
    return nobody_there()


@pytest.mark.parametrize("redis", ["hung_redis", "dead_redis"])
def test_a_redis_that_does_not_answer_is_replaced_by_memory(redis, request):
    cache = SurvivingCache(request.getfixturevalue(redis), PARAMS)
    cache.clear()

    added = [cache.add("hits", 1), cache.add("hits", 1)]
    cache.incr("hits")
    cache.set("name", "Alice")
    cache.touch("name", 60)

    assert added == [True, False]
    assert (cache.get("hits"), cache.get("name")) == (2, "Alice")
    assert cache.has_key("name")
    assert cache.delete("name")
    assert cache.get("name") is None


def test_a_hung_redis_is_waited_for_once_by_all_threads_of_a_process(settings):
    with hung() as server:
        settings.CACHES = {
            "default": {**settings.CACHES["default"], "LOCATION": server.url}
        }

        caches["default"].get("first")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: caches["default"].add(f"{n}", n), range(20)))

        assert server.connections() == 1


def test_a_breaker_lets_one_try_every_ten_seconds():
    breaker = Breaker()
    breaker.note_failure(100.0)
    again = 100.0 + BREAKER_SECONDS

    tries = [breaker.lets_through(now) for now in (100.0, again - 0.1, again, again)]
    later = breaker.lets_through(again + BREAKER_SECONDS)

    assert (tries, later) == ([False, False, True, False], True)


def test_a_breaker_is_closed_by_a_success():
    breaker = Breaker()
    breaker.note_failure(100.0)

    breaker.note_success()

    assert [breaker.lets_through(100.0) for _ in range(2)] == [True, True]


def test_a_count_that_redis_does_not_know_is_an_answer():
    cache = SurvivingCache(REDIS, PARAMS)

    with pytest.raises(ValueError, match="not found"):
        cache.incr("none")


def test_many_keys_are_read_and_deleted_at_once(dead_redis):
    for location in (REDIS, dead_redis):
        cache = SurvivingCache(location, {**PARAMS, "KEY_PREFIX": location})
        cache.set("a", 1, 5)
        cache.set("b", 2, 5)

        found = cache.get_many(["a", "b", "c"])
        cache.delete_many(["a", "b", "c"])

        assert found == {"a": 1, "b": 2}
        assert cache.get_many(["a", "b"]) == {}


def test_the_memory_keeps_the_counts_of_many_addresses(dead_redis):
    cache = SurvivingCache(dead_redis, PARAMS)

    for number in range(2000):
        cache.add(f"{number}", 1)

    assert cache.get("0") == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379/1"),
        ("redis://:p%40ss@cache:6379/7", "redis://:p%40ss@cache:6379/1"),
        ("rediss://cache/0?db=3&protocol=3", "rediss://cache/1?protocol=3"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock?db=1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=1"),
    ],
)
def test_limits_are_counted_in_another_database(url, expected):
    assert database_url(url, 1) == expected


def test_redis_itself_is_used_while_it_answers():
    location = REDIS
    cache, other = (SurvivingCache(location, PARAMS) for _ in range(2))

    cache.set("shared", "yes", timeout=5)

    assert other.get("shared") == "yes"
    assert other.delete("shared")


@pytest.mark.django_db
def test_signing_in_survives_a_dead_redis(client, alice, dead_redis, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "smarttrader.lib.cache.SurvivingCache",
            "LOCATION": dead_redis,
            **PARAMS,
        }
    }
    alice.set_password("correct horse battery")
    alice.save()

    response = client.post(
        reverse("account_login"),
        {"login": alice.email, "password": "correct horse battery"},
    )

    assert response.status_code == 302
