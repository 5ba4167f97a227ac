"""A bot is told what to do, a license looked after, a bot connected: in a browser."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.factories import PASSWORD
from bots.models import BotInstance, BotSettings
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory, BotLogFactory
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICK = "document.body.dispatchEvent(new Event('tick'))"
MARKUP = '<img src=x onerror="console.error(1)">'


@pytest.fixture
def ea(alice):
    """An EA of Alice's that was heard: her bot Alpha."""
    ea = Ea()
    ea.activate(license_key_of(alice, max_accounts=2))
    ea.call("heartbeat", status="running", balance="1000", equity="990")
    BotInstance.objects.update(instance_name="Alpha")
    return ea


@pytest.fixture
def bot(ea):
    return BotInstance.objects.get()


@pytest.fixture
def open_page(page, live_server, alice, login):
    login(alice)

    def go(path):
        page.goto(live_server.url + path)
        return page

    return go


@pytest.fixture
def without_script(browser, page, alice, login, live_server):
    login(alice)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()

    def go(path):
        plain.goto(live_server.url + path)
        return plain

    yield go
    context.close()


def bot_page(bot):
    return reverse("bot", args=[bot.pk])


def pause_and_follow(page, ea):
    page.get_by_role("button", name="Pause").click()
    told = page.get_by_role("status").get_by_text("that it is to pause")
    expect(told).to_be_visible()
    expect(page.locator("#commands")).to_contain_text("goes out with its next signal")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    return ea.call("heartbeat", status="running")["command"]


def test_a_bot_is_paused_and_the_page_follows(open_page, ea, bot):
    page = open_page(bot_page(bot))

    told = pause_and_follow(page, ea)

    assert told == "pause"
    page.evaluate(TICK)
    expect(page.locator("#commands")).to_contain_text("Waiting until it reports")
    ea.call("heartbeat", status="paused")
    page.evaluate(TICK)
    expect(page.locator("#commands")).to_contain_text("Done")
    expect(page.locator("#state")).to_contain_text("Paused")


def test_a_bot_is_paused_without_javascript(without_script, ea, bot):
    assert pause_and_follow(without_script(bot_page(bot)), ea) == "pause"


def change_settings(page):
    page.get_by_role("link", name="Change the settings").click()
    page.get_by_label("Risk per trade, in percent").fill("12")
    page.get_by_label("Pairs").fill("EURUSD\nXAUUSD")
    session = page.get_by_role("group", name="Another session")
    session.get_by_label("Name").fill("London")
    session.get_by_label("From").fill("08:00")
    session.get_by_label("To").fill("16:30")
    session.get_by_label("Mon").check()
    page.get_by_role("button", name="Save").click()


def test_settings_are_changed_and_refusals_lose_nothing(without_script, bot):
    page = without_script(bot_page(bot))

    change_settings(page)
    # The browser itself would not let it through; the server answers likewise.
    page.get_by_label("Risk per trade, in percent").fill("1.5")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#settings")).to_contain_text("1.50%")
    expect(page.locator("#settings")).to_contain_text("EURUSD, XAUUSD")
    assert BotSettings.objects.get().trading_sessions == [
        {"name": "London", "days": "1", "start": "08:00", "end": "16:30"}
    ]


def show_the_key(page):
    page.get_by_role("link", name="Show the key").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Show the key").click()
    return page.locator("#key").inner_text()


@pytest.mark.parametrize("has_script", [True, False])
def test_a_key_is_shown_after_the_password(
    open_page, without_script, alice, has_script
):
    key = license_key_of(alice)
    page = (open_page if has_script else without_script)(reverse("licenses"))

    assert show_the_key(page) == key


def test_an_account_is_released(open_page, bot):
    page = open_page(reverse("licenses"))

    page.get_by_role("link", name="Release account 900100").click()
    page.get_by_role("button", name="Release").click()

    expect(page.get_by_role("status")).to_contain_text("900100 is released")
    expect(page.get_by_text("In use on no account")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.locator("#history li")).to_have_count(4)
    expect(page.locator("#history li").first).to_contain_text("Deactivated")


def test_connecting_waits_for_the_first_signal(open_page, alice):
    key = license_key_of(alice)
    page = open_page(reverse("connect"))
    current = page.locator("[aria-current=step]")
    expect(current).to_contain_text("Waiting until it activates")
    ea = Ea()

    ea.activate(key)
    page.evaluate(TICK)
    expect(current).to_contain_text("Waiting for the first signal")
    ea.call("heartbeat")
    page.evaluate(TICK)

    page.get_by_role("link", name="See MT4 900100").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("MT4 900100")


def test_connecting_works_without_javascript(without_script, alice):
    page = without_script(reverse("connect"))
    expect(page.get_by_text("You have no license yet")).to_be_visible()
    ea = Ea()
    ea.activate(license_key_of(alice))
    ea.call("heartbeat")

    page.get_by_role("link", name="Look again").click()

    expect(page.get_by_role("link", name="See MT4 900100")).to_be_visible()


def test_a_suspended_license_is_told_of_on_every_page(open_page, bot):
    LicenseHoldFactory(license=bot.license)

    for name in ("overview", "bots", "trades", "statements", "licenses", "settings"):
        banner = open_page(reverse(name)).get_by_role("region", name="License").first
        expect(banner).to_contain_text("is suspended")


def addresses(bot):
    license = bot.license_id
    return [
        bot_page(bot),
        reverse("bot_settings", args=[bot.pk]),
        reverse("licenses"),
        reverse("license", args=[license]),
        reverse("license_reset", args=[license]),
        reverse("license_release", args=[license, bot.pk]),
        reverse("connect"),
    ]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(open_page, alice, bot, axe, scheme, width):
    ended = LicenseFactory(user=alice, max_accounts=1, expires_at=clock.now())
    for account in ("500001", "500002"):
        BotInstanceFactory(license=ended, mt4_account=account)
    found = {}
    for path in addresses(bot):
        page = open_page(path)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(), *(["overhang"] if overhang > 0 else [])]

    assert {path: rules for path, rules in found.items() if rules} == {}


def test_markup_in_what_others_wrote_is_inert(open_page, page, bot):
    BotInstance.objects.update(
        instance_name=MARKUP, broker_name=MARKUP, heartbeat_message=MARKUP
    )
    BotLogFactory(bot_instance=bot, message=MARKUP, created_at=clock.now())
    ClosedTradeFactory(
        bot_instance=bot,
        symbol='<img src="x">',
        opened_at=clock.now() - timedelta(hours=2),
        profit=Decimal(1),
    )
    lists = [reverse(name) for name in ("overview", "bots", "trades", "statements")]

    images = {}
    for path in [*addresses(bot), *lists]:
        open_page(path)
        images[path] = page.locator("img[src=x]").count()

    assert set(images.values()) == {0}
    open_page(bot_page(bot))
    expect(page.locator("#log")).to_contain_text(MARKUP)
    expect(page.locator("#latest")).to_contain_text('<img src="x">')


def test_what_was_unfolded_stays_so_when_the_page_comes_up_to_date(
    open_page, alice, bot
):
    for _ in range(6):
        silent = BotInstanceFactory.create(
            owner=alice, last_heartbeat=clock.now() - timedelta(days=1)
        )
    page = open_page(reverse("overview"))
    expect(page.locator("#attention .more li")).to_be_hidden()
    page.get_by_text("and 1 more").click()

    BotInstance.objects.filter(pk=silent.pk).update(status="error", open_trades=7)
    page.evaluate(TICK)

    expect(page.locator("#attention")).to_contain_text("7 open trades")
    expect(page.locator("#attention .more li")).to_be_visible()
