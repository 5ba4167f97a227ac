"""The inbox in a browser: the badge follows, lines are read, also without script."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.services import rollups
from bots.tests.factories import BotInstanceFactory
from notifications.models import DigestChoice, Notification, NotificationType
from notifications.tests.factories import NotificationFactory
from smarttrader.lib import clock
from smarttrader.tests.e2e.weights import KILOBYTE, weighed
from trading.tests.factories import ClosedTradeFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICK = "document.body.dispatchEvent(new Event('tick'))"
INBOX = reverse("notifications")
MARKUP = '<img src=x onerror="console.error(1)">'
BELL = "#unread"


@pytest.fixture
def told(alice):
    """Three lines: a read one of yesterday, two unread ones of today."""
    now = clock.now()
    return [
        NotificationFactory.create(user=alice, title=title, **fields)
        for title, fields in (
            ("Yesterday's", {"created_at": now - timedelta(days=1), "is_read": True}),
            ("An alert", {"created_at": now, "message": "Look.\nAt once."}),
            ("A trade", {"created_at": now, "type": NotificationType.TRADE}),
        )
    ]


@pytest.fixture
def open_page(page, live_server, alice, login):
    login(alice)

    def go(path=INBOX):
        page.goto(live_server.url + path)
        return page

    return go


@pytest.fixture
def without_script(browser, page, alice, login, live_server):
    login(alice)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(live_server.url + INBOX)
    yield plain
    context.close()


def read_one_then_all(page):
    expect(page.locator(BELL)).to_have_text("2")
    page.get_by_role("button", name="Mark read: An alert").click()
    expect(page.locator(BELL)).to_have_text("1")
    expect(page.get_by_role("button", name="Mark read: A trade")).to_be_visible()
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(BELL)).to_have_text("")
    expect(page.get_by_role("button", name="Mark")).to_have_count(0)
    return Notification.objects.filter(is_read=False).count()


def test_lines_are_marked_read_in_place(open_page, told):
    page = open_page()
    page.evaluate("document.body.dataset.same = 1")

    assert read_one_then_all(page) == 0
    assert page.evaluate("document.body.dataset.same") == "1"


def test_lines_are_marked_read_without_javascript(told, without_script):
    assert read_one_then_all(without_script) == 0


def test_the_badge_follows_on_any_page(open_page, alice, told):
    page = open_page(reverse("licenses"))
    expect(page.locator(BELL)).to_have_text("2")

    NotificationFactory.create(user=alice)
    page.evaluate(TICK)

    expect(page.locator(BELL)).to_have_text("3")
    expect(page.locator("#unread-count")).to_have_text("3 unread")


def test_what_arrives_appears_on_the_open_inbox(open_page, alice, told):
    page = open_page(f"{INBOX}?type=ALERT")

    NotificationFactory.create(user=alice, title="News", created_at=clock.now())
    page.evaluate(TICK)

    expect(page.get_by_role("heading", name="News")).to_be_visible()
    expect(page.get_by_role("heading", name="A trade")).to_have_count(0)


def test_filters_are_links(told, without_script):
    page = without_script
    page.get_by_role("link", name="Unread", exact=True).click()
    page.get_by_role("link", name="Alerts").click()

    assert page.url.endswith("?unread=1&type=ALERT")
    expect(page.get_by_role("heading", level=4)).to_have_text(["Unread: An alert"])


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits(open_page, told, axe, scheme, width):
    found = {}
    for path in (INBOX, f"{INBOX}?type=SYSTEM"):
        page = open_page(path)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(), *(["overhang"] if overhang > 0 else [])]

    assert {path: rules for path, rules in found.items() if rules} == {}


@pytest.mark.parametrize("width", [1440, 600, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_digest_is_accessible_and_fits(open_page, alice, axe, scheme, width):
    yesterday = clock.now() - timedelta(days=1)
    for name, profit in (("Grid", 90), ("A name that is rather long " * 3, -40)):
        ClosedTradeFactory(
            bot_instance=BotInstanceFactory(
                owner=alice, instance_name=name.strip(), account_currency="USD"
            ),
            opened_at=yesterday - timedelta(hours=1),
            closed_at=yesterday,
            profit=profit,
        )
    rollups.roll_up(now=clock.now())
    page = open_page(reverse("digest_preview") + "?frequency=daily")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)

    overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    content = page.locator("[role=main] table table").first.bounding_box()

    assert axe() == []
    assert overhang <= 0
    assert content["width"] <= 600
    expect(page.get_by_role("caption")).to_have_text("Net profit by day")


def test_a_digest_is_chosen_without_javascript(without_script, live_server, alice):
    page = without_script
    page.goto(live_server.url + reverse("settings"))
    card = page.locator("section", has=page.get_by_role("heading", name="Digest"))

    card.get_by_label("How often").select_option("daily")
    card.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("saved")
    assert DigestChoice.objects.get(user=alice).frequency == "daily"


def test_a_full_page_keeps_its_budget(open_page, page, alice):
    NotificationFactory.create_batch(40, user=alice, message="It happened. " * 10)

    with weighed(page) as sizes:
        open_page()
        page.wait_for_load_state("networkidle")

    assert sum(sizes.values()) <= 120 * KILOBYTE
    assert len(sizes) <= 10


def test_markup_is_inert(open_page, alice):
    NotificationFactory.create(user=alice, title=MARKUP, message=MARKUP)

    page = open_page()

    assert page.locator("img[src=x]").count() == 0
    expect(page.locator("#inbox")).to_contain_text(MARKUP)
