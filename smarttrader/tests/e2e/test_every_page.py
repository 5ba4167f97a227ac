"""Every page of the resolver: within its budget, accessible, in every look.

Each page is looked at in one of four looks, nightly in all of them: axe takes a second.
The fixture `page` fails the test on a CSP violation, a console error or an exception.
"""

import os
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from analytics.models import EquityHour
from analytics.services import rollups
from bots.tests.factories import BotLogFactory
from smarttrader.lib import clock
from smarttrader.tests.access import World
from smarttrader.tests.e2e.weights import KILOBYTE, weighed
from smarttrader.tests.site_pages import pages_of
from trading.tests.factories import ClosedTradeFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]
HOUR = timedelta(hours=1)
TRADES, LOG_LINES, HOURS = 60, 20, 90 * 24
EQUITY = ("open", "high", "low", "close")
MOST = {"bytes": 120 * KILOBYTE, "js": 30 * KILOBYTE, "css": 10 * KILOBYTE}
MOST_REQUESTS, MOST_SHIFT = 10, 0.05
KINDS = {
    "bytes": re.compile(""),
    "js": re.compile(r"\.js(\?|$)"),
    "css": re.compile(r"\.css(\?|$)"),
}
LAYOUT_SHIFT = """() => new Promise((tell) => {
  new PerformanceObserver((list) => {
    tell(list.getEntries().reduce((sum, entry) => sum + entry.value, 0));
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => tell(0), 100);
})"""


@pytest.fixture
def world():
    """Everybody, and Alice with enough of everything to fill the first pages."""
    world = World()
    bot, now = world.theirs["alice"].bot, clock.now()
    for number in range(TRADES):
        ClosedTradeFactory(
            bot_instance=bot,
            symbol=("EURUSD", "XAUUSD", "GBPUSD")[number % 3],
            profit=Decimal(-30 if number % 3 == 0 else 20),
            opened_at=now - timedelta(hours=15 * number + 3),
        )
    for number in range(LOG_LINES):
        BotLogFactory(bot_instance=bot, message=f"Line {number}", created_at=now)
    hour = now.replace(minute=0, second=0, microsecond=0)
    EquityHour.objects.bulk_create(
        EquityHour(
            bot_instance=bot,
            hour_start=hour - number * HOUR,
            told_at=hour - number * HOUR,
            balance=Decimal(1000),
            **dict.fromkeys(EQUITY, Decimal(950 + number % 97)),
        )
        for number in range(HOURS)
    )
    rollups.roll_up(now=now + HOUR)
    return world


@pytest.fixture
def sign_in(page, live_server, world):
    """Sign Alice in, and prove that it is her, so that no page asks again."""

    def by_form():
        page.goto(live_server.url + reverse("account_login"))
        page.get_by_label("Email").fill(world.people["alice"].email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile(reverse("account_login")))
        page.goto(live_server.url + reverse("account_reauthenticate"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        expect(page).not_to_have_url(re.compile(reverse("account_reauthenticate")))

    return by_form


@pytest.fixture
def faults(page, axe):
    """Open an address, and return what is wrong with the page there."""

    def found(address):
        with weighed(page) as sizes:
            page.goto(address, wait_until="networkidle")
        weights = {
            kind: sum(size for url, size in sizes.items() if pattern.search(url))
            for kind, pattern in KINDS.items()
        }
        wrong = [
            f"{kind}: {weights[kind]} bytes"
            for kind, most in MOST.items()
            if weights[kind] > most
        ]
        if len(sizes) > MOST_REQUESTS:
            wrong.append(f"{len(sizes)} requests")
        shift = page.evaluate(LAYOUT_SHIFT)
        if shift >= MOST_SHIFT:
            wrong.append(f"moves by {shift}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append("wider than the window")
        return [*wrong, *axe()]

    return found


@pytest.mark.parametrize("who", ["anonymous", "alice"])
@pytest.mark.parametrize("look", range(len(LOOKS)))
def test_every_page_keeps_its_budget_and_is_accessible(
    page, live_server, world, sign_in, faults, who, look
):
    width, scheme = LOOKS[look]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    paths = pages_of(world, who)
    if who == "alice":
        sign_in()
        # Those that ask for the password of who signed in long ago.
        paths |= pages_of(world, who, status="302")
        # Not there without a second factor: test_accounts looks at it.
        del paths["accounts/2fa/recovery-codes/generate/"]
    looked_at, wrong = set(), {}
    for number, (url, path) in enumerate(sorted(paths.items())):
        if not IS_NIGHTLY and number % len(LOOKS) != look:
            continue
        problems = faults(live_server.url + path)
        shown = urlsplit(page.url).path
        if problems and shown not in looked_at:
            wrong[url] = problems
        looked_at.add(shown)

    assert wrong == {}


def test_the_first_key_skips_the_navigation_of_every_page(
    page, live_server, world, sign_in
):
    sign_in()
    wrong = []
    for url, path in pages_of(world, "alice").items():
        page.goto(live_server.url + path)
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.getAttribute('href')")
        if page.get_by_role("navigation").count() and first != "#main":
            wrong.append((url, first))

    assert wrong == []
