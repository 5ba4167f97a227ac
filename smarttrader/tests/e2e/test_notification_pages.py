"""What a user is told is chosen, a chat linked, an endpoint tried: in a browser."""

import pytest
from playwright.sync_api import expect

from notifications.models import Delivery, Preference
from notifications.secrets import new_secret, seal_secret
from notifications.services import endpoints
from notifications.tests.factories import TelegramChatFactory, WebhookEndpointFactory
from notifications.unsubscribing import unsubscribe_url
from smarttrader.lib import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/settings/notifications/"


@pytest.fixture(autouse=True)
def telegram_is_there(settings):
    settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_BOT_NAME = "1:x", "our_bot"


@pytest.fixture
def endpoint(alice):
    endpoint = WebhookEndpointFactory.create(
        user=alice, secret=seal_secret(new_secret())
    )
    endpoints.send_test(endpoint=endpoint, now=clock.now())
    Delivery.objects.update(state="dead", finished_at=clock.now(), error="HTTP 500")
    return endpoint


@pytest.fixture
def open_page(page, live_server, alice, login):
    login(alice)

    def go(path):
        page.goto(live_server.url + path)
        return page

    return go


def choose(page):
    box = page.get_by_role("checkbox", name="A bot is offline: E-mail")
    expect(box).to_be_checked()
    box.uncheck()
    page.get_by_label("From", exact=True).fill("22:00")
    page.get_by_label("Until", exact=True).fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choices are saved.")).to_be_visible()
    expect(box).not_to_be_checked()
    expect(page.get_by_label("From", exact=True)).to_have_value("22:00")


def test_choices_are_saved(open_page):
    choose(open_page(PAGE))

    assert Preference.objects.get().is_wanted is False


def test_choices_are_saved_without_javascript(browser, page, alice, login, live_server):
    login(alice)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(live_server.url + PAGE)

    choose(plain)

    context.close()


def test_the_keyboard_alone_is_enough(open_page):
    page = open_page(PAGE)
    box = page.get_by_role("checkbox", name="A trade is closed: Telegram")

    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your choices are saved.")).to_be_visible()
    expect(box).to_be_checked()


def test_a_delivery_is_told_again(open_page, endpoint):
    page = open_page(f"{PAGE}webhooks/{endpoint.pk}/")
    expect(page.get_by_text("HTTP 500")).to_be_visible()

    page.get_by_role("button", name="Deliver again: Test").click()

    expect(page.get_by_text("It is delivered again")).to_be_visible()
    expect(page.get_by_text("Waiting")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(
    open_page, alice, endpoint, axe, settings, scheme, width
):
    TelegramChatFactory.create(user=alice, name="Al Ice", blocked_at=clock.now())
    token = unsubscribe_url(alice, "bot_offline").removeprefix(settings.SITE_URL)
    own = f"{PAGE}webhooks/{endpoint.pk}/"
    found = {}
    for path in (PAGE, own, f"{own}remove/", token):
        page = open_page(path)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(), *(["overhang"] if overhang > 0 else [])]
    page = open_page(PAGE)
    page.get_by_role("button", name="Link a chat").click()
    expect(page.get_by_text("/start")).to_be_visible()
    found["code"] = axe()

    assert {path: rules for path, rules in found.items() if rules} == {}
