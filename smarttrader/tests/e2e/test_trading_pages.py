import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from analytics.models import EquityHour
from analytics.services import rollups
from bots.tests.factories import BotInstanceFactory, BotLogFactory, BotSettingsFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TICK = "document.body.dispatchEvent(new Event('tick'))"


@pytest.fixture
def bot(alice):
    """A bot that is online, with fifty trades of the last ten days."""
    now = clock.now()
    bot = BotInstanceFactory.create(
        owner=alice,
        instance_name="Alpha",
        account_currency="USD",
        last_heartbeat=now,
        balance=Decimal(1000),
        equity=Decimal("1012.50"),
        open_trades=0,
    )
    for number in range(50):
        ClosedTradeFactory(
            bot_instance=bot,
            ticket_number=f"{1000 + number}",
            symbol="XAUUSD" if number % 5 == 0 else "EURUSD",
            profit=Decimal(-30 if number % 3 == 0 else 20),
            opened_at=now - timedelta(hours=5 * number + 2),
        )
    BotSettingsFactory(bot_instance=bot)
    for level in ("INFO", "ERROR"):
        BotLogFactory(
            bot_instance=bot,
            log_level=level,
            message=f"A line of {level}",
            created_at=now,
        )
    roll_up()
    return bot


def roll_up():
    rollups.roll_up(now=clock.now() + timedelta(hours=1))


@pytest.fixture
def open_page(page, live_server, alice, bot, login):
    """Open a page as Alice, by its URL's name or as a path."""
    login(alice)

    def go(path):
        page.goto(live_server.url + path)
        return page

    return go


@pytest.fixture
def without_script(browser, page, alice, bot, login, live_server):
    login(alice)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()

    def go(path):
        plain.goto(live_server.url + path)
        return plain

    yield go
    context.close()


def heights(page):
    box = page.locator(".chart .pane").first.bounding_box()
    return box["x"], box["y"] + 60, box["width"]


def test_filters_update_the_table_and_the_address(open_page, live_server):
    page = open_page(reverse("trades"))
    expect(page.locator("#sums")).to_contain_text("50 closed trades")

    page.get_by_label("Symbol").fill("xauusd")
    page.get_by_label("Symbol").press("Tab")
    expect(page.locator("#sums")).to_contain_text("10 closed trades")
    page.get_by_label("Result").select_option("lost")

    expect(page.locator("#sums")).to_contain_text("4 closed trades")
    expect(page.locator("tbody tr")).to_have_count(4)
    expect(page).to_have_url(
        f"{live_server.url}{reverse('trades')}?symbol=xauusd&result=lost"
    )
    page.go_back()
    expect(page.locator("#sums")).to_contain_text("10 closed trades")
    page.get_by_role("link", name="Clear (1)").click()
    expect(page.locator("#sums")).to_contain_text("50 closed trades")


def test_filters_that_match_nothing_say_so_and_clear(open_page):
    page = open_page(reverse("trades") + "?symbol=NOPE")

    expect(page.get_by_text("No trades match these filters")).to_be_visible()
    page.get_by_role("link", name="Clear (1)").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_a_refused_filter_says_why_in_place(open_page, expected_errors):
    expected_errors.append("400")
    page = open_page(reverse("trades") + "?closed_from=2026-03-02")

    page.get_by_label("Closed to").fill("2026-03-01")
    page.get_by_label("Closed to").press("Tab")

    expect(page.get_by_text("This day lies before the first one.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(0)


def test_the_file_is_what_the_filters_leave(open_page):
    page = open_page(reverse("trades") + "?symbol=XAUUSD")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()

    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "trades.csv"
    assert len(lines) == 11


def test_older_trades_are_a_page_further(open_page, bot):
    for number in range(5):
        TradeFactory(
            bot_instance=bot, opened_at=clock.now(), ticket_number=f"o{number}"
        )
    page = open_page(reverse("trades"))

    page.get_by_role("link", name="Older").click()

    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page).to_have_url(re.compile("after="))
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_the_chart_tells_values_to_the_pointer_and_to_the_keys(open_page):
    page = open_page(reverse("overview"))
    x, y, width = heights(page)

    page.mouse.move(x + width / 2, y)
    expect(page.locator(".tip")).to_contain_text("Balance")
    page.locator(".chart").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")

    expect(page.locator("#live")).to_contain_text("Drawdown")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()


def test_dragging_zooms_in_and_the_address_keeps_it(open_page):
    page = open_page(reverse("overview"))
    x, y, width = heights(page)

    page.mouse.move(x + width * 0.9, y)
    page.mouse.down()
    page.mouse.move(x + width * 0.99, y, steps=5)
    page.mouse.up()

    reset = page.get_by_role("link", name="Reset")
    expect(reset).to_be_visible()
    expect(page).to_have_url(re.compile(r"from=.*&to="))
    page.reload()
    expect(reset).to_be_visible()
    # It is mounted again, after a swap as after a load.
    reset.click()
    expect(reset).to_be_hidden()
    page.locator(".chart").focus()
    page.keyboard.press("Home")
    expect(page.locator("#live")).to_contain_text("Balance")


def test_ranges_change_the_chart_alone(open_page):
    page = open_page(reverse("overview"))
    page.evaluate("document.querySelector('h1').dataset.kept = 'yes'")

    page.get_by_role("link", name="7D").click()

    expect(page.locator("#chart [aria-current]")).to_have_text("7D")
    expect(page).to_have_url(re.compile("range=7d"))
    expect(page.locator("h1")).to_have_attribute("data-kept", "yes")


def test_a_new_trade_appears_without_reloading(open_page, bot):
    page = open_page(reverse("overview"))
    page.evaluate("document.querySelector('h1').dataset.kept = 'yes'")
    expect(page.locator("#trade-4711")).to_have_count(0)

    trade = ClosedTradeFactory(
        bot_instance=bot,
        ticket_number="4711",
        opened_at=clock.now() - timedelta(hours=1),
        profit=Decimal("123.45"),
    )
    roll_up()
    page.evaluate(TICK)

    expect(page.locator(f"#trade-{trade.ticket_number}")).to_contain_text("+122.75")
    expect(page.locator("#figures")).to_contain_text("51 trades")
    expect(page.locator("#chart")).to_contain_text("51 trades closed")
    expect(page.locator("h1")).to_have_attribute("data-kept", "yes")
    # The parts that came are alive: the next tick is heard, and the chart reads values.
    bot.last_heartbeat = clock.now() - timedelta(hours=2)
    bot.save()
    page.evaluate(TICK)
    expect(page.locator("#bots")).to_contain_text("Offline")
    expect(page.locator("#attention")).to_contain_text("Alpha is offline")
    page.locator(".chart").focus()
    page.keyboard.press("Home")
    expect(page.locator("#live")).to_contain_text("Balance")


def test_a_tick_without_news_is_answered_with_nothing(open_page):
    page = open_page(reverse("overview"))

    with page.expect_response(re.compile(r"[?&]v=")) as answer:
        page.evaluate(TICK)

    assert answer.value.status == 204


def test_what_a_filter_leaves_is_read_out(open_page):
    page = open_page(reverse("trades"))
    live = page.locator("#live")
    expect(live).to_be_empty()

    page.get_by_label("Symbol").fill("XAUUSD")
    page.get_by_label("Symbol").press("Enter")

    expect(live).to_contain_text("10 closed trades")
    expect(page.locator("#trades #sums")).to_contain_text("10 closed trades")


def test_a_lost_connection_is_told_until_it_is_back(open_page, expected_errors):
    expected_errors += ["ERR_INTERNET_DISCONNECTED", "htmx:"]
    page = open_page(reverse("overview"))
    stale = page.get_by_role("status").get_by_text("No connection")
    expect(stale).to_be_hidden()

    page.context.set_offline(True)
    page.evaluate(TICK)
    expect(stale).to_be_visible()

    page.context.set_offline(False)
    page.evaluate(TICK)
    expect(stale).to_be_hidden()


def hang(page):
    """Let nobody answer the pulse any more."""
    page.route("**/*", lambda route: None if is_pulse(route) else route.continue_())


def is_pulse(route):
    return route.request.headers.get("hx-target") == "pulse"


def test_a_server_that_hangs_is_told_by_the_time_out(open_page, expected_errors):
    expected_errors += ["htmx:"]
    page = open_page(reverse("overview"))
    assert page.evaluate("htmx.config.timeout") == 8000
    told = page.locator("#pulse [data-from]").text_content()
    hang(page)

    page.evaluate("htmx.config.timeout = 200")
    page.evaluate(TICK)

    stale = page.get_by_role("status").get_by_text("No connection")
    expect(stale).to_contain_text(f"data from {told} (UTC)")


def test_a_page_notices_by_itself_that_it_grew_old(page, open_page):
    page.clock.install()
    open_page(reverse("overview"))
    stale = page.get_by_role("status").get_by_text("No connection")
    hang(page)
    page.evaluate("htmx.config.timeout = 0")

    page.clock.run_for(20_000)
    expect(stale).to_be_hidden()
    page.clock.run_for(20_000)

    expect(stale).to_be_visible()


def test_an_answer_without_news_moves_the_time_of_the_data(page, open_page):
    open_page(reverse("overview"))
    page.evaluate("document.querySelector('[data-from]').textContent = 'long ago'")

    page.evaluate(TICK)

    expect(page.locator("#pulse [data-from]")).to_have_text(
        re.compile(r"\d\d:\d\d"), use_inner_text=False
    )


def test_a_session_that_ended_leads_to_the_sign_in(open_page, live_server):
    page = open_page(reverse("overview") + "?range=7d")

    page.context.clear_cookies()
    page.evaluate(TICK)

    expect(page).to_have_url(re.compile(reverse("account_login")))
    assert "next=/%3Frange%3D7d" in page.url


def test_a_bot_shows_its_state_settings_and_filtered_log(open_page):
    page = open_page(reverse("bots"))
    page.get_by_role("link", name="Alpha").click()
    page.wait_for_url(re.compile(reverse("bots") + ".+"))  # with its scripts

    expect(page.locator("#state")).to_contain_text("Online")
    expect(page.locator("#state")).to_contain_text("last signal")
    expect(page.locator("#settings")).to_contain_text("Risk per trade")
    expect(page.locator("#log")).to_contain_text("A line of INFO")
    page.get_by_label("Level").select_option("ERROR")

    expect(page.locator("#log li")).to_have_count(1)
    expect(page.locator("#log")).to_contain_text("A line of ERROR")
    expect(page).to_have_url(re.compile(r"\?level=ERROR$"))

    page.get_by_label("Category").select_option("STRATEGY")
    expect(page.locator("#log")).to_contain_text("No line matches")
    page.locator("#log").get_by_role("link", name="Clear").click()

    expect(page.locator("#log li")).to_have_count(2)


def test_everything_but_zooming_works_without_javascript(without_script):
    page = without_script(reverse("overview"))
    expect(page.locator(".pane path.balance")).to_have_count(1)
    page.get_by_role("link", name="30D").click()
    expect(page.locator("#chart [aria-current]")).to_have_text("30D")

    page.get_by_role("link", name="All trades").click()
    page.get_by_label("Symbol").fill("XAUUSD")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#sums")).to_contain_text("10 closed trades")

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Bots").click()
    page.get_by_role("link", name="Alpha").click()
    page.get_by_label("Level").select_option("ERROR")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#log li")).to_have_count(1)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(open_page, bot, axe, scheme, width):
    TradeFactory(bot_instance=bot, opened_at=clock.now())
    BotInstanceFactory(owner=bot.user, last_heartbeat=clock.now() - timedelta(days=2))
    found = {}
    for path in (
        reverse("overview"),
        reverse("bots"),
        reverse("bot", args=[bot.pk]),
        reverse("trades"),
        reverse("trades") + "?symbol=NOPE",
    ):
        page = open_page(path)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[path] = [*axe(), *(["overhang"] if overhang > 0 else [])]

    assert {path: rules for path, rules in found.items() if rules} == {}


def test_the_chart_prints(open_page):
    page = open_page(reverse("overview"))

    page.emulate_media(media="print")

    expect(page.locator(".pane").first).to_be_visible()
    expect(page.get_by_role("link", name="7D")).to_be_hidden()


def test_a_part_that_is_waited_for_is_dimmed(open_page):
    page = open_page(reverse("trades"))
    held = []

    def hold(route):
        held.append(route)

    page.route(re.compile("symbol=XAUUSD"), hold)

    page.get_by_label("Symbol").fill("XAUUSD")
    page.get_by_label("Symbol").press("Tab")
    expect(page.locator("#trades")).to_have_css("opacity", "0.6")
    held[0].continue_()

    expect(page.locator("#sums")).to_contain_text("10 closed trades")
    expect(page.locator("#trades")).to_have_css("opacity", "1")


def test_equity_is_told_beside_the_balance(open_page, bot):
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    for back in (2, 1):
        at = hour - timedelta(hours=back)
        told = {"hour_start": at, "told_at": at, "balance": Decimal(1000)}
        held = dict.fromkeys(("open", "high", "low", "close"), Decimal(1005 + back))
        EquityHour.objects.create(bot_instance=bot, **told, **held)
    page = open_page(reverse("overview"))

    page.locator(".chart").focus()
    page.keyboard.press("End")

    expect(page.locator("#live")).to_contain_text("Equity 1,006.00")
    page.keyboard.press("Home")
    expect(page.locator("#live")).not_to_contain_text("Equity")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page):
    page = open_page(reverse("overview"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    reached, unseen = [], []
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        reached.append(name)
        if outline == "none":
            unseen.append(name)

    assert unseen == []
    assert {"7D", "Alpha", "chart"} <= set(reached)
    page.get_by_role("button", name="Account menu").focus()
    page.keyboard.press("Enter")
    menu = page.locator("#user-menu")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return ["the browser's own", "solid"];
  const style = getComputedStyle(at);
  const name = at.matches("[data-chart]") ? "chart" : at.querySelector("b")?.innerText;
  const outline = style.boxShadow !== "none" ? style.boxShadow : style.outlineStyle;
  return [name ?? at.innerText, outline];
}"""
