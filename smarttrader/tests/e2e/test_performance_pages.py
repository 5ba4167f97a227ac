"""Performance, one trade and the public track record, in a real browser."""

import re
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pypdf
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.templatetags.ui import MINUS
from analytics.models import PublicFigure
from analytics.services import rollups, track_records
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import (
    ClosedTradeFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bot(alice):
    """A bot with sixty trades of the last fifty days, with prices of the last one."""
    now = clock.now()
    bot = BotInstanceFactory.create(
        owner=alice, instance_name="Alpha", account_currency="USD", last_heartbeat=now
    )
    trades = [
        ClosedTradeFactory.create(
            bot_instance=bot,
            ticket_number=f"{1000 + number}",
            symbol=("EURUSD", "XAUUSD", "GBPUSD")[number % 3],
            trade_type=("BUY", "SELL")[number % 2],
            strategy_used=("breakout", "grid")[number % 2],
            profit=Decimal(-30 if number % 3 == 0 else 20),
            stop_loss=Decimal("1.09"),
            opened_at=now - timedelta(hours=20 * number + 3),
        )
        for number in range(60)
    ]
    for second in range(0, 3600, 60):
        TradeHistoryFactory(
            trade=trades[0],
            current_price=Decimal("1.1") + Decimal(second % 700) / 1_000_000,
            unrealized_profit=Decimal(second % 700) / 10,
            recorded_at=trades[0].opened_at + timedelta(seconds=second),
        )
    rollups.roll_up(now=now + timedelta(hours=1))
    return bot


@pytest.fixture
def trade(bot):
    return bot.trades.get(ticket_number="1000")


@pytest.fixture
def record(bot):
    return track_records.save_track_record(
        bot=bot,
        title="Steady",
        is_public=True,
        is_indexed=False,
        figures=list(PublicFigure),
        delay_hours=24,
        now=clock.now(),
    )


@pytest.fixture
def paths(bot, trade, record):
    TradeFactory(bot_instance=bot, opened_at=clock.now() - timedelta(days=3))
    return {
        "performance": reverse("performance"),
        "performance of a bot": f"{reverse('performance')}?bot={bot.pk}&by=monthly",
        "trade": reverse("trade", args=[trade.pk]),
        "columns": reverse("trades") + "?columns=stop&columns=comment",
        "public": reverse("track_record", args=[record.slug]),
        "public, edited": reverse("track_record_edit", args=[bot.pk]),
    }


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


def test_a_range_changes_chart_and_figures_but_not_the_page(open_page, bot):
    page = open_page(reverse("performance"))
    page.evaluate("document.querySelector('h1').dataset.kept = 'yes'")
    expect(page.locator("#numbers")).to_contain_text("60 trades")

    page.get_by_role("link", name="7D").click()

    expect(page.locator("#numbers")).not_to_contain_text("60 trades")
    expect(page.locator("#numbers h2").first).to_contain_text("whole days in UTC")
    expect(page).to_have_url(re.compile(r"range=7d"))
    expect(page.locator("h1")).to_have_attribute("data-kept", "yes")


def test_zooming_narrows_the_figures_too(open_page, bot):
    page = open_page(reverse("performance"))
    box = page.locator(".chart .pane").first.bounding_box()

    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + 60, steps=5)
    page.mouse.up()

    expect(page).to_have_url(re.compile(r"from=.*&to="))
    expect(page.locator("#numbers")).not_to_contain_text("60 trades")


def test_tables_and_years_turn_in_place(open_page, bot):
    page = open_page(reverse("performance"))
    page.evaluate("document.querySelector('h1').dataset.kept = 'yes'")

    page.get_by_role("link", name="Months").click()
    expect(page.locator("#periods [aria-current]")).to_have_text("Months")
    page.get_by_role("link", name="Hours").click()
    expect(page.locator("#periods tbody tr")).to_have_count(20)
    page.locator("#periods").get_by_role("link", name="Earlier").click()

    expect(page.locator("#periods h2")).to_have_text("Earlier")
    expect(page.locator("h1")).to_have_attribute("data-kept", "yes")


def test_a_day_leads_to_its_trades(open_page, bot):
    page = open_page(reverse("performance"))
    day = page.locator(".year a").last
    (trades,) = re.findall(r", (\d+) trade", day.get_attribute("aria-label") or "")

    day.click()

    expect(page).to_have_url(re.compile(r"day=\d{4}-\d\d-\d\d"))
    expect(page.locator("tbody tr")).to_have_count(int(trades))
    expect(page.get_by_label("Closed on (UTC)")).to_be_visible()


def test_a_day_tells_by_keyboard_what_it_brought(open_page, bot):
    page = open_page(reverse("performance"))
    day = page.locator(".year a").last

    day.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")

    told = day.evaluate("day => getComputedStyle(day, '::before').content")
    assert told == f'"{day.get_attribute("aria-label")}"'
    assert re.search(r"^\d+ \w+, [+\u2212]\d+\.\d\d, \d+ trades?$", told.strip('"'))


def test_a_symbol_leads_to_its_trades(open_page, bot):
    page = open_page(reverse("performance") + "?range=all")

    page.locator("#symbols").get_by_role("link", name="XAUUSD").click()

    expect(page).to_have_url(re.compile("symbol=XAUUSD"))
    expect(page.locator("#sums")).to_contain_text("20 closed trades")


def test_one_bot_is_chosen_in_place(open_page, bot):
    other = BotInstanceFactory.create(
        owner=bot.user, instance_name="Beta", account_currency="USD"
    )
    page = open_page(reverse("performance"))

    page.get_by_label("Bot", exact=True).select_option("Beta")

    expect(page.locator("#numbers")).to_contain_text("No trade closed in this period")
    expect(page).to_have_url(re.compile(f"bot={other.pk}"))


def test_a_trade_s_chart_tells_prices(open_page, trade):
    page = open_page(reverse("trades"))
    page.get_by_role("link", name="ticket 1000").click()
    page.wait_for_url(re.compile(str(trade.pk)))

    page.locator(".chart").focus()
    page.keyboard.press("Home")

    expect(page.locator("#live")).to_contain_text("Floating profit")
    expect(page.locator(".levels")).to_contain_text("Stop loss")


def test_columns_are_chosen_by_a_form(open_page, bot):
    page = open_page(reverse("trades") + "?symbol=EURUSD")

    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Stop loss").check()
    page.get_by_role("button", name="Show").click()

    expect(page.locator("thead")).to_contain_text("Stop loss")
    expect(page).to_have_url(re.compile("symbol=EURUSD.*columns=stop"))
    page.get_by_label("Side", exact=True).select_option("BUY")
    expect(page).to_have_url(re.compile("columns=stop"))
    expect(page.locator("thead")).to_contain_text("Stop loss")


def test_an_owner_publishes_and_a_stranger_reads(open_page, bot, browser, live_server):
    page = open_page(f"{reverse('performance')}?bot={bot.pk}")
    page.get_by_role("link", name="Public page").click()

    page.get_by_label("Everybody who has the link").check()
    page.get_by_role("button", name="Save").click()
    link = page.get_by_role("link", name="http")
    address = live_server.url + link.get_attribute("href")

    stranger = browser.new_context().new_page()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="Track record")).to_be_visible()
    expect(stranger.locator("body")).not_to_contain_text("Alpha")
    stranger.context.close()


def test_everything_but_zooming_works_without_javascript(without_script, bot):
    page = without_script(reverse("performance"))
    page.get_by_role("link", name="7D").click()
    expect(page.locator("#chart [aria-current]")).to_have_text("7D")
    expect(page.locator("#numbers h2").first).to_contain_text("whole days")
    page.get_by_role("link", name="Weeks").click()
    expect(page.locator("#periods [aria-current]")).to_have_text("Weeks")

    page.locator(".year a").last.click()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()

    page = without_script(reverse("track_record_edit", args=[bot.pk]))
    page.get_by_label("Everybody who has the link").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="http").click()
    expect(page.get_by_role("heading", name="Track record")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(open_page, paths, axe, scheme, width):
    found = {}
    for name, path in paths.items():
        page = open_page(path)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[name] = [*axe(), *(["overhang"] if overhang > 0 else [])]

    assert {name: rules for name, rules in found.items() if rules} == {}


def test_the_latest_month_is_seen_first_on_a_phone_and_the_others_by_scrolling(
    open_page, paths
):
    page = open_page(paths["performance"])
    page.set_viewport_size({"width": 390, "height": 900})
    months = page.locator(".year table")

    months.last.scroll_into_view_if_needed()
    scrolled = page.locator(".scroll:has(.year)").evaluate("each => each.scrollLeft")
    expect(months.last).to_be_in_viewport(ratio=1)
    months.first.scroll_into_view_if_needed()

    assert scrolled == 0
    expect(months.first).to_be_in_viewport(ratio=1)


def test_the_calendar_fits_on_paper(open_page, paths):
    page = open_page(paths["performance"])

    page.set_viewport_size({"width": 720, "height": 900})
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth") == 720
    columns = page.locator(".year").evaluate(
        "year => getComputedStyle(year).gridTemplateColumns.split(' ').length"
    )
    assert columns == 3


def test_the_calendar_tells_on_paper_what_its_colors_tell(open_page, paths):
    page = open_page(paths["performance"])
    page.emulate_media(media="print")

    days = page.locator(".year a").evaluate_all(
        """days => days.map(day => [
            day.className.split("-")[0],
            getComputedStyle(day, "::after").content.replaceAll('"', "")[0],
        ])"""
    )

    assert page.get_by_role("navigation", name="Main").count() == 0
    signs = {"gain": "+", "loss": MINUS}
    assert {tuple(day) for day in days} >= set(signs.items())
    assert [day for day in days if signs.get(day[0], day[1]) != day[1]] == []


def test_trades_are_printed_whole_with_their_headings_on_each_page(open_page, bot):
    page = open_page(reverse("trades"))

    paper = pypdf.PdfReader(BytesIO(page.pdf(format="A4")))

    sheets = [sheet.extract_text() for sheet in paper.pages]
    with_rows = [text for text in sheets if re.search("EURUSD|XAUUSD|GBPUSD", text)]
    assert len(with_rows) > 1
    for text in with_rows:
        for heading in ("Closed", "Bot", "Ticket", "Symbol", "Lots", "Net"):
            assert heading in text
    whole = "".join(sheets)
    assert "1059" not in whole  # on the next page of the list
    assert re.findall(r"\b10[0-4]\d\b", whole) == [f"{1000 + n}" for n in range(50)]
    assert "Times in UTC" in whole
    for way in ("Licenses", "Older", "CSV", "Any status"):
        assert way not in whole
