import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from bots.models import BotSource
from bots.tests.factories import BotInstanceFactory
from trading import queries
from trading.charts import trade_chart
from trading.models import TradeStatus
from trading.tests.factories import (
    ClosedTradeFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def bot(alice):
    return BotInstanceFactory(owner=alice, account_currency="USD", instance_name="One")


@pytest.fixture
def trade(bot):
    return ClosedTradeFactory(
        bot_instance=bot,
        opened_at=MONDAY,
        stop_loss=Decimal("1.09500"),
        take_profit=Decimal("1.10400"),
        strategy_used="breakout",
        magic_number=77,
    )


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def report(trade, *prices, every=SECOND):
    """Report a price of the trade each so often, and 100,000 times its move as P/L."""
    for number, price in enumerate(map(Decimal, prices)):
        TradeHistoryFactory(
            trade=trade,
            current_price=price,
            unrealized_profit=(price - trade.open_price) * 100_000,
            recorded_at=trade.opened_at + number * every,
        )


def show(browser, trade):
    return browser.get(reverse("trade", args=[trade.pk]))


def test_a_trade_tells_what_it_was(alices_browser, trade):
    page = show(alices_browser, trade).content.decode()

    for text in (
        trade.ticket_number,
        "EURUSD",
        "1.10000",
        "1.10100",
        "+9.30",
        "profit +10.00, commission \N{MINUS SIGN}0.50, swap \N{MINUS SIGN}0.20",
        "1.09500",
        "1.10400",
        "breakout",
        "77",
        'datetime="2026-03-02T11:00:00+00:00"',
    ):
        assert text in page


def test_its_prices_are_drawn_with_its_levels(alices_browser, trade):
    report(trade, "1.1000", "1.0960", "1.1030", "1.1010")

    chart = show(alices_browser, trade).context["chart"]

    assert [level.name for level in chart.levels] == ["entry", "exit", "stop", "target"]
    places = [level.place for level in chart.levels]
    assert places[3] < places[1] < places[0] < places[2]
    assert (chart.lowest, chart.highest) == (-400, 300)
    assert chart.ticks == 4
    assert chart.start == trade.opened_at
    assert chart.end == trade.closed_at
    assert chart.data["at"] == [3]  # all within the first three-hundredth of the hour
    assert chart.price.count("l") == 3


def test_many_prices_keep_their_extremes(trade):
    prices = [Decimal("1.1") + Decimal(n % 7) / 10_000 for n in range(1200)]
    prices[777] = Decimal("1.2")
    report(trade, *prices, every=3 * SECOND)

    buckets = queries.drawn_ticks(trade, now=MONDAY)

    assert sum(each.count for each in buckets) == 1200
    assert len(buckets) == queries.BUCKETS
    assert max(each.prices[2] for each in buckets) == Decimal("1.2")
    assert min(each.prices[1] for each in buckets) == Decimal("1.1")
    chart = trade_chart(trade, buckets, zone=UTC)
    assert chart is not None
    assert len(chart.price) < 16_000


def test_without_prices_the_page_says_why(alices_browser, trade, bot):
    assert "they are kept for 365 days" in show(alices_browser, trade).content.decode()

    bot.source = BotSource.STATEMENT
    bot.save()

    assert "A statement tells where" in show(alices_browser, trade).content.decode()


def test_an_open_trade_is_asked_for_again(alices_browser, bot, trade):
    opened = TradeFactory(bot_instance=bot, opened_at=MONDAY, profit=Decimal("-3"))

    page = show(alices_browser, opened).content.decode()

    asks_again = 'id="trade" hx-get="" hx-trigger="tick from:body"'
    assert asks_again in page
    assert "Net so far" in page
    assert asks_again not in show(alices_browser, trade).content.decode()


def test_a_single_price_of_a_trade_that_just_opened_is_drawn(alices_browser, bot):
    opened = TradeFactory(bot_instance=bot, opened_at=MONDAY)
    report(opened, "1.1")

    assert show(alices_browser, opened).context["chart"].ticks == 1


def test_a_cancelled_order_has_no_figures(alices_browser, bot):
    order = TradeFactory(
        bot_instance=bot, opened_at=MONDAY, status=TradeStatus.CANCELLED
    )

    response = show(alices_browser, order)

    assert response.status_code == 200
    assert "Cancelled" in response.content.decode()


def test_yen_have_no_decimals(alices_browser, alice):
    yen = BotInstanceFactory.create(owner=alice, account_currency="JPY")
    trade = ClosedTradeFactory(bot_instance=yen, profit=Decimal(1500))

    assert "+1,499<small>JPY" in show(alices_browser, trade).content.decode()


def test_a_stranger_finds_no_trade(client, charlie, trade):
    client.force_login(charlie)

    assert show(client, trade).status_code == 404


def test_nobody_finds_a_trade_without_signing_in(client, trade):
    assert show(client, trade).status_code == 302


def test_what_an_ea_reported_is_inert(alices_browser, bot):
    trade = ClosedTradeFactory(
        bot_instance=bot,
        symbol="<b>X</b>",
        comment="<script>alert(1)</script>",
        strategy_used="<img src=x>",
        continued_from='"><i>',
    )

    page = show(alices_browser, trade).content.decode()

    for raw in ("<b>X", "<script>alert", "<img src=x", '"><i>'):
        assert raw not in page


def test_the_list_leads_to_the_trade(alices_browser, trade):
    page = alices_browser.get(reverse("trades")).content.decode()

    assert reverse("trade", args=[trade.pk]) in page


# --- Columns of the list --------------------------------------------------------------
def test_columns_are_chosen_in_the_address(alices_browser, trade):
    address = reverse("trades") + "?columns=stop&columns=strategy&symbol=EURUSD"

    page = alices_browser.get(address).content.decode()

    headings = re.findall(r"<th scope[^>]*>([^<]*)</th>", page)
    assert headings == ["Closed", "Symbol", "Side", "Stop loss", "Strategy", "Net"]
    assert "1.09500" in page
    assert '<input type="hidden" name="columns" value="stop">' in page
    assert '<input type="hidden" name="symbol" value="EURUSD">' in page
    assert "Clear (1)" in page


def test_without_a_choice_the_usual_columns_are_there(alices_browser, trade):
    page = alices_browser.get(reverse("trades")).content.decode()

    headings = re.findall(r"<th scope[^>]*>([^<]*)</th>", page)
    assert headings == [
        *("Closed", "Bot", "Ticket", "Symbol", "Side"),
        *("Lots", "Open", "Close", "Net"),
    ]


def test_a_column_that_does_not_exist_is_refused(alices_browser, trade):
    assert alices_browser.get(reverse("trades"), {"columns": "no"}).status_code == 400


def test_a_currency_narrows_the_list_to_its_bots(alices_browser, trade, alice):
    yen = BotInstanceFactory.create(owner=alice, account_currency="JPY")
    other = ClosedTradeFactory.create(bot_instance=yen)

    found = alices_browser.get(reverse("trades"), {"currency": "jpy"})

    assert [each.pk for each in found.context["trades"]] == [other.pk]
