"""Every page of the resolver: within its budget, accessible, in every look.

Each page is looked at in one of four looks, nightly in all of them: axe takes a second.
The fixture `page` fails the test on a CSP violation, a console error or an exception.
"""

import gzip
import os
import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from smarttrader.tests.access import World
from smarttrader.tests.site_pages import pages_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]
KILOBYTE = 1000
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
    return World()


@pytest.fixture
def sign_in(page, live_server, world):
    """Sign Alice in by the form, so that no page asks for the password again."""

    def by_form():
        page.goto(live_server.url + reverse("account_login"))
        page.get_by_label("Email").fill(world.people["alice"].email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile(reverse("account_login")))

    return by_form


@pytest.fixture
def weigh(page):
    """Open an address; return what went over the line, as it travels."""

    def opened(address):
        sizes = {}

        def note(response):
            body = response.body() if response.ok else b""
            # WhiteNoise serves files compressed; pages travel as they are.
            is_file = f"/{settings.STATIC_URL.strip('/')}/" in response.url
            sizes[response.url] = len(gzip.compress(body) if is_file else body)

        page.on("response", note)
        page.goto(address, wait_until="networkidle")
        page.remove_listener("response", note)
        return sizes

    return opened


@pytest.fixture
def faults(page, axe, weigh):
    """Open an address, and return what is wrong with the page there."""

    def found(address):
        sizes = weigh(address)
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
