"""Pages and their parts within their budget, once three bots have traded for a year."""

import pytest
from django.urls import reverse

from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from smarttrader.tests.e2e.weights import KILOBYTE, weighed
from smarttrader.tests.e2e.year_of_trades import trade_for_a_year

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]

MOST_OF_A_PAGE, MOST_OF_A_PART, MOST_REQUESTS = 120 * KILOBYTE, 20 * KILOBYTE, 10


@pytest.fixture
def bots(alice):
    now = clock.now()
    bots = [
        BotInstanceFactory.create(
            owner=alice, account_currency="USD", last_heartbeat=now
        )
        for _ in range(3)
    ]
    trade_for_a_year(bots, now)
    return bots


@pytest.fixture
def paths(bots):
    performance, trades = reverse("performance"), reverse("trades")
    return {
        "overview": reverse("overview"),
        "bots": reverse("bots"),
        "bot": reverse("bot", args=[bots[0].pk]),
        "performance": f"{performance}?range=all",
        "performance of a bot": f"{performance}?bot={bots[0].pk}&range=all",
        "trades": trades,
        "trade": reverse("trade", args=[bots[0].trades.first().pk]),
    }


def test_pages_keep_their_budget(page, live_server, alice, login, paths):
    login(alice)
    found = {}
    for name, path in paths.items():
        with weighed(page) as sizes:
            page.goto(live_server.url + path, wait_until="networkidle")
        found[name] = sum(sizes.values()), len(sizes)

    assert {
        name: weight
        for name, weight in found.items()
        if weight[0] > MOST_OF_A_PAGE or weight[1] > MOST_REQUESTS
    } == {}


def test_parts_keep_their_budget(page, live_server, alice, login, paths):
    login(alice)
    parts = {
        "overview": ("pulse",),
        "bots": ("pulse",),
        "bot": ("pulse", "log"),
        "performance of a bot": ("chart", "numbers", "calendar", "periods"),
        "trades": ("trades",),
    }
    found = {}
    for name, targets in parts.items():
        for target in targets:
            answer = page.request.get(
                live_server.url + paths[name],
                headers={"HX-Request": "true", "HX-Target": target},
            )
            assert answer.ok
            found[name, target] = int(answer.headers["content-length"])

    assert {part: size for part, size in found.items() if size > MOST_OF_A_PART} == {}
