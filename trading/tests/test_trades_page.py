import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from smarttrader.lib.keyset import NotAPlace, Place
from trading import queries
from trading.models import Trade, TradeStatus
from trading.pages import trades as pages
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
NO_COSTS = {"commission": Decimal(0), "swap": Decimal(0)}


@pytest.fixture
def bot(alice):
    return BotInstanceFactory(owner=alice, account_currency="USD", instance_name="One")


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def tickets(response):
    return [trade.ticket_number for trade in response.context["trades"]]


def show(alices_browser, **filters):
    return alices_browser.get(reverse("trades"), filters)


def closed(bot, ticket, hours=0, **fields):
    return ClosedTradeFactory(
        bot_instance=bot,
        ticket_number=ticket,
        opened_at=MONDAY + timedelta(hours=hours),
        **{**NO_COSTS, **fields},
    )


def test_the_list_tells_how_old_it_is(alices_browser, bot, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)

    page = show(alices_browser).content.decode()

    assert "Data from <time" in page
    assert ">2 Mar 2026 10:00</time> (UTC)" in page


def test_open_trades_come_first_then_the_newest_closed(alices_browser, bot, alice):
    other = BotInstanceFactory(owner=alice)
    closed(bot, "1", hours=1)
    closed(other, "2", hours=3)
    closed(bot, "3", hours=2)
    TradeFactory(bot_instance=bot, ticket_number="4", opened_at=MONDAY)

    assert tickets(show(alices_browser)) == ["4", "2", "3", "1"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"symbol": "xauusd"}, ["2"]),
        ({"side": "SELL"}, ["2"]),
        ({"strategy": "scalper"}, ["2"]),
        ({"strategy": "Scalper"}, []),
        ({"status": "open"}, ["4"]),
        ({"status": "closed"}, ["3", "2", "1"]),
        ({"result": "won"}, ["3", "1"]),
        ({"result": "lost"}, ["2"]),
        ({"ticket": "3"}, ["3"]),
        ({"ticket": "99"}, []),
        ({"closed_from": "2026-03-03"}, ["3"]),
        ({"closed_to": "2026-03-02"}, ["2", "1"]),
        ({"closed_from": "2026-03-02", "closed_to": "2026-03-02"}, ["2", "1"]),
        ({"first_day": "2026-03-03"}, ["3"]),
        ({"last_day": "2026-03-02"}, ["2", "1"]),
        ({"side": "SELL", "result": "won"}, []),
    ],
)
def test_filters_narrow_the_list(alices_browser, bot, filters, left):
    closed(bot, "1")
    lost = {"profit": Decimal(-5), "strategy_used": "scalper"}
    closed(bot, "2", 1, symbol="XAUUSD", trade_type="SELL", **lost)
    closed(bot, "3", 24)
    TradeFactory(bot_instance=bot, ticket_number="4", opened_at=MONDAY)

    assert tickets(show(alices_browser, **filters)) == left


def test_days_are_whole_days_of_the_readers_zone(alices_browser, bot, alice):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    closed(bot, "late", closed_at=datetime(2026, 3, 2, 14, 59, tzinfo=UTC))
    closed(bot, "next", closed_at=datetime(2026, 3, 2, 15, tzinfo=UTC))

    assert tickets(show(alices_browser, closed_to="2026-03-02")) == ["late"]
    assert tickets(show(alices_browser, closed_from="2026-03-03")) == ["next"]


def test_days_that_a_figure_links_to_are_those_of_utc(alices_browser, bot, alice):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    closed(bot, "late", closed_at=datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    closed(bot, "next", closed_at=datetime(2026, 3, 3, tzinfo=UTC))

    first, last = (
        show(alices_browser, **{name: day})
        for name, day in (("first_day", "2026-03-03"), ("last_day", "2026-03-02"))
    )

    assert (tickets(first), tickets(last)) == (["next"], ["late"])
    assert "Closed from (UTC)" in first.content.decode()
    assert "Closed to (UTC)" not in first.content.decode()


def test_a_filtered_list_is_read_out(alices_browser, bot):
    closed(bot, "1", profit=Decimal(5))
    address = reverse("trades")

    page = alices_browser.get(address).content.decode()
    part = alices_browser.get(address, headers={"HX-Target": "trades"}).content.decode()
    none = alices_browser.get(
        address, {"symbol": "NOPE"}, headers={"HX-Target": "trades"}
    ).content.decode()

    mark = '<div hx-swap-oob="innerHTML:#live">'
    assert mark not in page
    assert "1 closed trade" in part.partition(mark)[2]
    assert "No closed trades" in none.partition(mark)[2]


def test_a_trade_of_less_than_a_minute_was_held_for_seconds(alices_browser, bot):
    trade = closed(bot, "1", closed_at=MONDAY + timedelta(seconds=42))

    page = alices_browser.get(reverse("trade", args=[trade.pk])).content.decode()

    assert '<p class="big">42 seconds</p>' in page
    assert ">42 seconds</td>" in show(alices_browser, columns="held").content.decode()


def test_a_bot_narrows_the_list(alices_browser, bot, alice):
    closed(bot, "1")
    closed(BotInstanceFactory(owner=alice), "2")

    assert tickets(show(alices_browser, bot=bot.pk)) == ["1"]


def test_paper_names_the_filters_in_words(alices_browser, bot, alice):
    alice.language = "de"
    alice.save()
    filters = {
        "bot": bot.pk,
        "side": "BUY",
        "closed_from": "2026-03-02",
        "columns": "lots",
    }

    page = show(alices_browser, **filters).content.decode()
    unfiltered = show(alices_browser).content.decode()

    assert "Bot: One · Seite: Kauf · Geschlossen ab: 02.03.2026</p>" in page
    assert "only-print" not in unfiltered


@pytest.mark.parametrize(
    "filters",
    [
        {"side": "LONG"},
        {"status": "closed'"},
        {"result": "?"},
        {"bot": "7"},
        {"closed_from": "yesterday"},
        {"closed_from": "0001-01-01"},
        {"closed_to": "9999-12-31"},
        {"closed_from": "2026-03-03", "closed_to": "2026-03-02"},
        {"ticket": "9" * 51},
        {"first_day": "2026-03-03", "last_day": "2026-03-02"},
        {"symbol": "EUR\0USD"},
        {"strategy": "gr\0id"},
    ],
)
@pytest.mark.parametrize("name", ["trades", "trades_export"])
def test_an_unreadable_value_is_refused_and_shows_no_rows(
    alices_browser, bot, name, filters
):
    closed(bot, "471100815")
    response = alices_browser.get(reverse(name), filters)

    assert response.status_code == 400
    assert "471100815" not in response.content.decode()
    assert "cannot be read" in response.content.decode()


def test_an_unreadable_page_is_refused_and_shows_no_rows(alices_browser, bot):
    closed(bot, "471100815")

    response = show(alices_browser, after="page 2")

    assert response.status_code == 400
    assert "471100815" not in response.content.decode()


def test_a_neighbors_bot_is_an_unreadable_value(alices_browser, charlie):
    foreign = closed(BotInstanceFactory(owner=charlie), "471100815")

    response = show(alices_browser, bot=foreign.bot_instance.pk)

    assert response.status_code == 400


def test_a_neighbor_sees_no_trade(client, charlie, bot):
    closed(bot, "471100815")
    client.force_login(charlie)

    page = client.get(reverse("trades"))
    file = client.get(reverse("trades_export")).getvalue().decode()

    assert tickets(page) == []
    assert "471100815" not in page.content.decode() + file
    assert "No trades yet" in page.content.decode()


def test_sums_are_of_all_that_matches_and_never_mix_currencies(
    alices_browser, bot, alice
):
    yen = BotInstanceFactory(owner=alice, account_currency="JPY")
    for ticket in range(3):
        closed(bot, str(ticket), ticket, profit=Decimal("10.50"))
    closed(bot, "9", 5, profit=Decimal("-1.50"))
    closed(yen, "1", profit=Decimal(5000))
    TradeFactory(bot_instance=bot, profit=Decimal(77))

    response = show(alices_browser)

    dollars, yens = response.context["sums"].by_currency
    assert (dollars.currency, dollars.trades, dollars.won) == ("USD", 4, 3)
    assert dollars.net == Decimal("30.00")
    assert dollars.win_rate == 75
    assert (yens.currency, yens.net) == ("JPY", Decimal(5000))
    page = response.content.decode()
    assert "+30.00 USD" in page
    assert "+5,000 JPY" in page


def test_too_many_trades_are_not_added_up(bot, monkeypatch):
    monkeypatch.setattr(queries, "MOST_SUMMED", 2)
    for ticket in range(3):
        closed(bot, str(ticket), ticket)

    sums = queries.sums_of_trades([bot], Trade.objects.all())

    assert sums.is_capped
    assert sums.by_currency == []


def test_that_they_are_too_many_is_known_for_a_while_and_of_these_filters_alone(
    bot, monkeypatch, count_statements
):
    monkeypatch.setattr(queries, "MOST_SUMMED", 2)
    for ticket in range(3):
        closed(bot, str(ticket), ticket)
    every, none = Trade.objects.all(), Trade.objects.filter(symbol="NONE")
    queries.sums_of_trades([bot], every)

    with count_statements() as asked:
        assert queries.sums_of_trades([bot], every).is_capped

    assert len(asked) == 0
    assert not queries.sums_of_trades([bot], none).is_capped
    assert not queries.sums_of_trades([], every).is_capped


def test_older_pages_go_on_where_the_last_one_ended(alices_browser, bot, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 2)
    together = MONDAY + timedelta(hours=5)
    TradeFactory(bot_instance=bot, ticket_number="o1", opened_at=MONDAY)
    TradeFactory(bot_instance=bot, ticket_number="o2", opened_at=MONDAY)
    TradeFactory(bot_instance=bot, ticket_number="o3", opened_at=MONDAY)
    for ticket in ("a", "b", "c"):
        closed(bot, ticket, closed_at=together)
    closed(bot, "d")

    seen, after = [], None
    while True:
        response = show(alices_browser, **({"after": str(after)} if after else {}))
        seen += tickets(response)
        after = response.context["next"]
        if not after:
            break

    assert len(seen) == 7
    assert set(seen[:3]) == {"o1", "o2", "o3"}
    assert set(seen[3:6]) == {"a", "b", "c"}
    assert seen[6] == "d"


def test_a_trade_that_comes_in_between_moves_no_page(alices_browser, bot, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 2)
    for hour in range(4):
        closed(bot, str(hour), hour)
    after = show(alices_browser).context["next"]

    closed(bot, "new", 9)

    assert tickets(show(alices_browser, after=str(after))) == ["1", "0"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_as_often_for_one_bot_as_for_three(
    alices_browser, alice, count, django_assert_num_queries
):
    for _ in range(count):
        closed(BotInstanceFactory(owner=alice), "1")

    # Session, user, bots for the list and for the choice; months and rows, twice; what
    # every page tells of licenses and of the inbox.
    with django_assert_num_queries(10):
        show(alices_browser)


def test_a_list_opens_only_the_months_of_the_bots_trades(bot, alice):
    for month in range(1, 13):
        ClosedTradeFactory(opened_at=datetime(2025, month, 2, tzinfo=UTC))
    closed(bot, "1")

    with CaptureQueriesContext(connection) as captured:
        queries.newest_trades([bot], Trade.objects.all(), limit=10)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE) {captured[-1]['sql']}")
        plan = [line for (line,) in cursor.fetchall()]
    scanned = [
        line for line in plan if " on trades_p" in line and "never executed" not in line
    ]
    assert len(scanned) == 1


def test_the_file_holds_every_row_that_matches(alices_browser, bot, monkeypatch):
    monkeypatch.setattr(queries, "ROWS_AT_ONCE", 2)
    for hour in range(5):
        closed(bot, str(hour), hour)
    closed(bot, "7", 7, symbol="XAUUSD")

    response = alices_browser.get(reverse("trades_export"), {"symbol": "EURUSD"})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [row["ticket"] for row in rows] == ["4", "3", "2", "1", "0"]
    assert rows[0]["closed_at"] == "2026-03-02T15:00:00Z"
    assert rows[0]["net"] == "10.00"
    assert rows[0]["currency"] == "USD"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_in_the_file_is_no_formula_and_numbers_stay_numbers(
    alices_browser, bot, text
):
    closed(bot, "1", comment=text, strategy_used=text, profit=Decimal("-5.00"))

    content = alices_browser.get(reverse("trades_export")).getvalue().decode()

    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["comment"] == f"'{text}"
    assert row["strategy"] == f"'{text}"
    assert row["net"] == "-5.00"


def test_htmx_is_given_the_card_alone(alices_browser, bot):
    closed(bot, "1")

    part = alices_browser.get(reverse("trades"), headers={"HX-Target": "trades"})

    assert "<html" not in part.content.decode()
    assert tickets(part) == ["1"]


def test_cancelled_orders_are_shown_but_not_added_up(alices_browser, bot):
    TradeFactory(bot_instance=bot, ticket_number="1", status=TradeStatus.CANCELLED)

    response = show(alices_browser)

    assert tickets(response) == ["1"]
    assert response.context["sums"].by_currency == []


@pytest.mark.parametrize("text", ["", "1", "x-00", "9" * 40 + "-" + "0" * 32, "-" * 33])
def test_what_names_no_place_is_refused(text):
    with pytest.raises(NotAPlace):
        Place.read(text)


@pytest.mark.parametrize("moment", [None, MONDAY + timedelta(microseconds=7)])
def test_a_place_is_read_as_it_was_written(bot, moment):
    place = Place(moment, bot.pk)

    assert Place.read(str(place)) == place
