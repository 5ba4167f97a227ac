"""The risk guard over the real HTTP API: a bot is paused, and let go again."""

import json
import urllib.request
from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics import tasks
from bots.models import BotInstance, BotSettings, GuardBreach
from bots.tests.ea_client import ACTIVATION, license_key_of
from smarttrader.lib import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICK = "document.body.dispatchEvent(new Event('tick'))"
STATUS = {"pause": "paused", "resume": "running", "stop": "stopped"}


@pytest.fixture
def expected_errors():
    return ["409 (Conflict)"]  # a limit that is asked about once more


class EaOverHttp:
    """An EA that reports by sync, and obeys what it is answered."""

    def __init__(self, url, license_key):
        self.url = url
        self.status = "running"
        self.tickets = 0
        reply = self.call("activate", license_key=license_key, **ACTIVATION)
        self.token = reply["token"]

    def call(self, name, **fields):
        request = urllib.request.Request(  # noqa: S310 -- the live server
            f"{self.url}/api/v1/ea/{name}",
            json.dumps(fields).encode(),
            {"Authorization": f"Bearer {getattr(self, 'token', '')}"},
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return json.load(response)

    def sync(self, *trades, balance="10000"):
        reply = self.call(
            "sync",
            status=self.status,
            balance=balance,
            equity=balance,
            trades=trades,
        )
        self.status = STATUS.get(reply["command"], self.status)
        return reply["command"]

    def lost_trade(self, amount):
        self.tickets += 1
        now = clock.now()
        return {
            "ticket_number": self.tickets,
            "symbol": "EURUSD",
            "trade_type": "buy",
            "lot_size": "1.00",
            "open_price": "1.10000",
            "opened_at": (now - timedelta(seconds=2)).isoformat(),
            "close_price": "1.09000",
            "closed_at": now.isoformat(),
            "profit": f"-{amount}",
        }


@pytest.fixture
def ea(live_server, alice):
    ea = EaOverHttp(live_server.url, license_key_of(alice))
    ea.sync()
    return ea


@pytest.fixture
def bot(ea):
    return BotInstance.objects.get()


def switch_on(page, live_server, bot, limit):
    page.goto(live_server.url + reverse("bot_settings", args=[bot.pk]))
    page.get_by_label("Loss of a day, at most, in USD").fill(limit)
    page.get_by_label("Pause the bot when it passes a limit").check()
    page.get_by_role("button", name="Save").click()


def test_a_bot_trips_is_paused_and_is_lifted_by_hand_and_by_the_day(
    page, live_server, alice, login, ea, bot
):
    login(alice)
    switch_on(page, live_server, bot, "1.00")
    expect(page.get_by_role("alert")).to_contain_text(
        "A loss of 1.00 USD a day: is that what you mean?"
    )
    page.get_by_label("Loss of a day, at most, in USD").fill("100.00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#settings")).to_contain_text("Risk guard")
    page.evaluate("window.isTheSamePage = true")

    ea.sync(ea.lost_trade("150.25"), balance="9849.75")
    tasks.guard_risks()
    heard = [ea.sync(balance="9849.75"), ea.sync(balance="9849.75")]
    page.evaluate(TICK)

    banner = page.get_by_role("region", name="Risk guard")
    assert heard == ["pause", "none"]
    expect(banner).to_contain_text("The risk guard has paused this bot")
    expect(banner).to_contain_text("Lost 150.25 USD")
    expect(page.locator("#state")).to_contain_text("Paused")
    assert page.evaluate("window.isTheSamePage")

    banner.get_by_role("button", name="Lift now and resume").click()
    heard = [ea.sync(balance="9849.75")]
    ea.sync(ea.lost_trade("500"), balance="9349.75")
    tasks.guard_risks()
    heard.append(ea.sync(balance="9349.75"))

    assert heard == ["resume", "none"]
    expect(banner).to_contain_text("The risk guard let this bot go again")

    # As if all of that had been yesterday, but for a loss of today.
    GuardBreach.objects.update(
        broker_day=bot.broker_day(clock.now()) - timedelta(days=1)
    )
    tasks.guard_risks()
    heard = [ea.sync(balance="9349.75")]
    GuardBreach.objects.filter(lifted_at=None).update(
        broker_day=bot.broker_day(clock.now()) - timedelta(days=2)
    )
    BotSettings.objects.update(max_daily_loss=1000)
    tasks.guard_risks()
    heard += [ea.sync(balance="9349.75"), ea.sync(balance="9349.75")]

    assert heard == ["pause", "resume", "none"]


@pytest.fixture(params=product(["light", "dark"], [1440, 390]))
def looked_at(request, page):
    """The page in each color scheme, wide and narrow."""
    scheme, width = request.param
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    return page


def test_what_the_guard_shows_is_accessible_and_fits(
    looked_at, live_server, alice, login, axe, ea, bot
):
    page = looked_at
    login(alice)
    switch_on(page, live_server, bot, "1.00")
    asked = [*axe(), *overhang(page)]
    page.get_by_role("button", name="Save").click()
    ea.sync(ea.lost_trade("150.25"), balance="9849.75")
    tasks.guard_risks()

    page.reload()
    expect(page.get_by_role("region", name="Risk guard")).to_be_visible()

    assert (asked, [*axe(), *overhang(page)]) == ([], [])


def overhang(page):
    by = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return ["overhang"] if by > 0 else []
