import socket

import pytest
from django.conf import settings
from django.urls import reverse

from smarttrader.lib.cache import SurvivingCache

PARAMS = {"OPTIONS": {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}}


@pytest.fixture
def hung_redis():
    """A port that takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def dead_redis():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"redis://127.0.0.1:{port}/0"


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


def test_redis_itself_is_used_while_it_answers():
    cache = SurvivingCache(settings.REDIS_URL, PARAMS)
    other = SurvivingCache(settings.REDIS_URL, PARAMS)

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
