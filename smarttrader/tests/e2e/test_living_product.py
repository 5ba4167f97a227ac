"""An EA reports over the real HTTP API while its owner looks at the page."""

import json
import urllib.request
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from bots.models import OFFLINE_AFTER, BotInstance
from bots.tests.ea_client import ACTIVATION, license_key_of
from smarttrader.lib import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The page asks each ten seconds; a test need not wait for that.
TICK = "document.body.dispatchEvent(new Event('tick'))"


@pytest.fixture
def call(live_server):
    """Call the API as an EA does: over a socket."""

    def post(name, token="", **fields):
        request = urllib.request.Request(  # noqa: S310 -- the live server
            f"{live_server.url}/api/v1/ea/{name}",
            json.dumps(fields).encode(),
            {"Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return json.load(response)

    return post


def test_a_heartbeat_and_a_trade_arrive_on_the_page_without_reloading(
    page, live_server, alice, login, call
):
    key = license_key_of(alice)
    token = call("activate", license_key=key, **ACTIVATION)["token"]
    call("heartbeat", token, balance=1000, equity=1000)
    BotInstance.objects.update(
        last_heartbeat=clock.now() - OFFLINE_AFTER - timedelta(minutes=5)
    )
    login(alice)
    page.goto(live_server.url + reverse("overview"))
    bots = page.locator("#bots")
    expect(bots).to_contain_text("Offline")
    page.evaluate("window.isTheSamePage = true")

    call("heartbeat", token, equity="1234.56")
    opened_at = clock.now() - timedelta(minutes=30)
    call(
        "trades",
        token,
        ticket_number=314159,
        symbol="XAUUSD",
        trade_type="sell",
        lot_size=0.1,
        open_price=2700,
        opened_at=opened_at.isoformat(),
        close_price=2690,
        closed_at=clock.now().isoformat(),
        profit="100.00",
    )
    page.evaluate(TICK)

    expect(bots).to_contain_text("Online")
    expect(bots).to_contain_text("1,234.56")
    expect(page.get_by_text("314159")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")
