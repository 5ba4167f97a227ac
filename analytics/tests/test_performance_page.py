import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse

from accounts.templatetags.ui import MINUS
from analytics.models import MetricType, RollupDirty
from analytics.pages import parts
from analytics.queries import order, periods
from analytics.queries.breakdowns import ALL_DAYS, Days
from analytics.queries.performance import CurvePoint, deepest_drawdown
from analytics.services import rollups
from bots.models import BotSource
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
PAGE = reverse("performance")
# The check vectors of docs/metrics.md.
VECTOR = [Decimal(net) for net in (100, -50, 30, 20)]


@pytest.fixture
def now(monkeypatch):
    """Let the doors read this clock."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NOW


@pytest.fixture
def bot(alice, now):
    return BotInstanceFactory(
        owner=alice, instance_name="Alpha", account_currency="USD"
    )


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def close(bot, *nets, at=NOW - timedelta(hours=10), **fields):
    """Close a trade a minute from `at` on, for each of these nets."""
    for minute, net in enumerate(nets):
        ClosedTradeFactory(
            bot_instance=bot,
            **{
                "profit": net,
                "commission": Decimal(0),
                "swap": Decimal(0),
                "opened_at": at + timedelta(minutes=minute - 5),
                "closed_at": at + timedelta(minutes=minute),
                **fields,
            },
        )
    rollups.roll_up(now=NOW)


def show(alices_browser, **address):
    return alices_browser.get(PAGE, address)


def part(alices_browser, name, **address):
    """Return what htmx is answered that asks for one part of the page."""
    response = alices_browser.get(PAGE, address, headers={"HX-Target": name})
    assert response.status_code == 200
    return response.content.decode()


def ordered(bot, days) -> order.Order:
    found = order.order_of_trades([bot.pk], days, first_opened_at=None)
    assert found is not None
    return found


def test_figures_are_those_of_the_check_vector(bot):
    close(bot, *VECTOR)

    figures = periods.composed(periods.periods_of_days([bot.pk], ALL_DAYS))

    assert (figures.total_trades, figures.winning_trades) == (4, 3)
    assert (figures.gross_profit, figures.gross_loss) == (Decimal(150), Decimal(50))
    assert figures.profit_factor == 3
    assert figures.expectancy == 25
    assert figures.max_drawdown == 50
    assert figures.sharpe_ratio == Decimal("0.4073")
    # The mean of 25 over the root of 2,500 / 4.
    assert figures.sortino_ratio(Decimal(2500)) == 1


def test_ratios_without_losses_or_deviation_are_not_told(bot):
    close(bot, Decimal(10), Decimal(10))

    figures = periods.composed(periods.periods_of_days([bot.pk], ALL_DAYS))

    assert figures.sharpe_ratio is None
    assert figures.profit_factor is None
    assert figures.sortino_ratio(Decimal(0)) is None


def test_a_drawdown_reaches_across_days(bot):
    close(bot, Decimal(50), Decimal(-40), at=NOW - timedelta(days=2))
    close(bot, Decimal(-30), Decimal(5), at=NOW - timedelta(days=1))

    days = periods.periods_of_days([bot.pk], ALL_DAYS)

    assert [each.figures.max_drawdown for each in days] == [40, 30]
    assert periods.composed(days).max_drawdown == 70


def test_a_curve_falls_from_the_peak_of_its_own_period():
    hours = [NOW + hour * timedelta(hours=1) for hour in range(4)]
    curve = [
        CurvePoint(hour, 1, Decimal(balance), Decimal(0))
        for hour, balance in zip(hours, (90, 20, 50, 10), strict=True)
    ]

    assert deepest_drawdown(curve, None, None) == 80
    assert deepest_drawdown(curve, hours[2], None) == 40
    assert deepest_drawdown(curve, hours[1], hours[2]) == 70


def test_streaks_count_as_metatrader_does(bot):
    close(bot, *map(Decimal, (5, 0, 5, -1, -2, 7, 7, 7, -3, -3)))

    found = ordered(bot, ALL_DAYS)

    # Of two runs of three the one that moved more money; zero lets a run go on.
    assert found.longest_win == order.Run(3, Decimal(21))
    assert found.longest_loss == order.Run(2, Decimal(-6))
    assert found.squared_losses == 1 + 4 + 9 + 9


def test_trades_of_one_moment_are_ordered_by_their_numbers(bot):
    for ticket, net in (("10", 1), ("9", -1), ("8", 1)):
        close(bot, Decimal(net), ticket_number=ticket)

    found = ordered(bot, ALL_DAYS)

    assert found.longest_win.trades == 1


def test_more_trades_than_anybody_waits_for_are_not_ordered(
    alices_browser, bot, monkeypatch
):
    monkeypatch.setattr(order, "MOST_ORDERED", 3)
    close(bot, *VECTOR)

    assert order.order_of_trades([bot.pk], ALL_DAYS, first_opened_at=None) is None
    assert "choose a period with at most 3" in part(alices_browser, "numbers")


def test_only_the_days_asked_for_count(bot):
    close(bot, Decimal(1), at=NOW - timedelta(days=3))
    close(bot, Decimal(2), Decimal(2), at=NOW - timedelta(days=2))
    days = Days(date(2026, 11, 21), date(2026, 11, 22))

    assert ordered(bot, days).longest_win == order.Run(2, Decimal(4))
    assert [each.start for each in periods.periods_of_days([bot.pk], days)] == [
        datetime(2026, 11, 21, tzinfo=UTC)
    ]


def test_the_page_tells_figures_and_breakdowns(alices_browser, bot):
    close(bot, *VECTOR, symbol="XAUUSD", strategy_used="breakout")

    page = show(alices_browser).content.decode()

    for text in ("+100.00", "3.00", "75.0%", "0.4073", "+25.00", "breakout", "XAUUSD"):
        assert text in page
    assert "Monday" in page
    assert "02:00" in page


@pytest.mark.parametrize("name", ["numbers", "periods"])
def test_where_nothing_was_lost_a_factor_says_so(alices_browser, bot, name):
    close(bot, Decimal(10), Decimal(20), symbol="XAUUSD")

    shown = part(alices_browser, name)

    # Of the period or its rows, and of each breakdown.
    assert shown.count("No losses") == {"numbers": 6, "periods": 1}[name]


def test_a_factor_of_trades_that_broke_even_is_none(alices_browser, bot):
    close(bot, Decimal(0))

    assert "No losses" not in part(alices_browser, "numbers")


def test_accounts_of_two_currencies_are_never_added_up(alices_browser, bot, alice):
    yen = BotInstanceFactory.create(owner=alice, account_currency="JPY")
    close(bot, Decimal(100))
    close(yen, Decimal(7777))

    dollars = part(alices_browser, "numbers", currency="USD")
    yens = part(alices_browser, "numbers", currency="JPY")

    assert "+100.00<small>USD" in dollars
    assert "7,777" not in dollars
    assert "+7,777<small>JPY" in yens
    assert "7,777.00" not in yens


def test_a_bot_is_looked_at_alone(alices_browser, bot, alice):
    other = BotInstanceFactory.create(owner=alice, account_currency="USD")
    close(bot, Decimal(100))
    close(other, Decimal(11))

    assert "+111.00" in part(alices_browser, "numbers")
    assert "+11.00" in part(alices_browser, "numbers", bot=str(other.pk))


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ({"currency": "XXX"}, 404),
        ({"bot": "nonsense"}, 404),
        ({"range": "nonsense"}, 400),
        ({"by": "yearly"}, 400),
        ({"before": "soon"}, 400),
        ({"year": "soon"}, 400),
        ({"year": "1989"}, 404),
        ({"year": "2027"}, 404),
    ],
)
def test_what_cannot_be_shown_is_refused(alices_browser, bot, address, status):
    close(bot, *VECTOR)

    assert show(alices_browser, **address).status_code == status


def test_a_stranger_s_bot_is_not_there(client, charlie, bot):
    BotInstanceFactory(owner=charlie)
    client.force_login(charlie)

    assert client.get(PAGE, {"bot": str(bot.pk)}).status_code == 404


def test_without_a_bot_the_page_says_how_to_begin(alices_browser):
    page = show(alices_browser).content.decode()

    assert "No account yet" in page
    assert reverse("statements") in page


def test_a_bot_without_trades_has_an_empty_page(alices_browser, bot):
    page = show(alices_browser).content.decode()

    assert "The curve begins with the first closed trade" in page
    assert "No trade closed in this period" in page


def test_a_period_without_trades_says_so(alices_browser, bot):
    close(bot, *VECTOR, at=NOW - timedelta(days=60))

    shown = part(alices_browser, "numbers", range="7d")

    assert "No trade closed in this period" in shown


def test_figures_that_wait_for_a_roll_up_say_so(alices_browser, bot):
    close(bot, *VECTOR)
    assert "not the latest" not in part(alices_browser, "numbers")

    RollupDirty.objects.create(bot_instance=bot, hour_start=NOW - timedelta(hours=2))

    assert "not the latest" in part(alices_browser, "numbers")


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        ("hourly", ["23 Nov 2026 02:00", "22 Nov 2026 02:00"]),
        ("daily", ["Mon 23 Nov 2026", "Sun 22 Nov 2026"]),
        ("weekly", ["week 48", "week 47"]),
        ("monthly", ["November 2026"]),
    ],
)
def test_tables_have_hours_days_weeks_and_months(alices_browser, bot, step, starts):
    close(bot, Decimal(1))
    close(bot, Decimal(2), at=NOW - timedelta(hours=34))

    table = part(alices_browser, "periods", by=step)

    assert table.count('scope="row"') == len(starts)
    for start in starts:
        assert start in table


def test_a_table_goes_on_where_its_page_ended(alices_browser, bot, alice):
    other = BotInstanceFactory.create(owner=alice, account_currency="USD")
    for day in range(25):
        close(bot if day % 2 else other, Decimal(day + 1), at=NOW - timedelta(days=day))

    first = show(alices_browser)
    ids = [bot.pk, other.pk]
    newest = periods.newest_periods(ids, MetricType.DAILY, limit=20)
    rest = periods.newest_periods(
        ids, MetricType.DAILY, limit=20, before=newest[-1].start
    )

    assert 'rel="next"' in first.content.decode()
    nets = [each.figures.net_profit for each in (*newest, *rest)]
    assert nets == [day + 1 for day in range(25)]


def test_a_day_of_the_calendar_leads_to_its_trades(alices_browser, bot, alice):
    # In Kolkata, half past five hours ahead, these lie on two days.
    alice.time_zone = "Asia/Kolkata"
    alice.save()
    morning = datetime(2026, 11, 20, 1, tzinfo=UTC)
    close(bot, Decimal(5), at=morning)
    close(bot, Decimal(6), at=morning + timedelta(hours=22))
    close(bot, Decimal(90), at=morning + timedelta(hours=24))

    calendar = part(alices_browser, "calendar")
    link = f"{reverse('trades')}?currency=USD&amp;day=2026-11-20"
    trades = alices_browser.get(link.replace("&amp;", "&"))

    assert (
        f'href="{link}" class="gain-1" data-net="+11"'
        ' aria-label="20 November, +11.00, 2 trades">20</a>' in calendar
    )
    assert [each.net for each in trades.context["sums"].by_currency] == [11]


def test_the_calendar_turns_its_years(alices_browser, bot):
    close(bot, Decimal(5), at=datetime(2025, 3, 3, 10, tzinfo=UTC))

    assert "Calendar 2026" in part(alices_browser, "calendar")
    before = part(alices_browser, "calendar", year="2025")
    assert 'aria-label="3 March, +5.00, 1 trade">3</a>' in before


def test_a_year_before_the_first_trade_is_empty_and_leads_to_it(alices_browser, bot):
    close(bot, Decimal(5))

    calendar = part(alices_browser, "calendar", year="2021")

    assert "Calendar 2021" in calendar
    assert "0 trades" in calendar
    assert 'href="?year=2026"' in calendar
    assert "year=2020" not in calendar


@pytest.mark.parametrize("name", ["7d", "30d", "90d", "1y"])
def test_chart_and_figures_of_a_range_tell_the_same(alices_browser, bot, name):
    """Both begin at midnight in UTC: a trade of that morning is in both or in none."""
    length = parts.RANGES[name][1]
    assert length is not None
    first = (NOW - length).replace(hour=0)
    close(bot, Decimal(1000), at=first - timedelta(hours=1))
    close(bot, Decimal(200), at=first + timedelta(hours=1))
    close(bot, Decimal(30), at=NOW - timedelta(hours=5))

    page = show(alices_browser, range=name).context

    figures, chart = page["figures"], page["chart"]
    assert (figures.total_trades, figures.net_profit) == (2, Decimal(230))
    assert (chart.trades, chart.change) == (2, Decimal(230))


def test_another_choice_of_accounts_keeps_what_is_looked_at(alices_browser, bot, alice):
    BotInstanceFactory(owner=alice, account_currency="USD")
    BotInstanceFactory(owner=alice, account_currency="JPY")
    close(bot, Decimal(5))
    address = {"range": "30d", "by": "weekly", "year": "2025", "before": "2026-11-20"}

    page = show(alices_browser, **address, bot=str(bot.pk)).content.decode()

    for name in ("range", "by", "year"):
        assert f'type="hidden" name="{name}" value="{address[name]}"' in page
    assert 'name="before"' not in page
    link = "?range=30d&amp;by=weekly&amp;year=2025&amp;currency=JPY"
    assert f'<a href="{link}"' in page


def test_the_page_tells_how_old_it_is(alices_browser, bot):
    page = show(alices_browser).content.decode()

    assert "Data from <time" in page
    assert ">23 Nov 2026 12:00</time> (UTC)" in page


def test_the_calendar_names_days_as_their_reader_does(alices_browser, bot, alice):
    alice.language = "de"
    alice.save()
    close(bot, Decimal(-5), at=datetime(2026, 3, 3, 10, tzinfo=UTC))

    calendar = part(alices_browser, "calendar")

    assert f'aria-label="3. März, {MINUS}5,00, 1 Trade">3</a>' in calendar
    assert '<th scope="col">Mo</th>' in calendar


def links_of(html):
    return [unescape(link) for link in re.findall(r'<a href="([^"]+)"', html)]


def nets_at(alices_browser, address):
    sums = alices_browser.get(address).context["sums"]
    return [(each.trades, each.net) for each in sums.by_currency]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_each_line_of_a_breakdown_leads_to_its_trades(alices_browser, bot, alice, zone):
    alice.time_zone = zone
    alice.save()
    close(bot, Decimal(1), symbol="XAUUSD", strategy_used="R&D", trade_type="SELL")
    close(bot, Decimal(20), Decimal(3), symbol="EURUSD", strategy_used="grid")
    # Outside of the days, though within them in Kolkata.
    close(bot, Decimal(900), at=datetime(2026, 11, 15, 23, tzinfo=UTC))
    TradeFactory(bot_instance=bot, symbol="EURUSD", opened_at=NOW)

    numbers = part(alices_browser, "numbers", range="7d")

    found = [nets_at(alices_browser, link) for link in links_of(numbers)]
    sold, bought = [(1, Decimal(1))], [(2, Decimal(23))]
    assert found == [bought, sold, bought, sold, bought, sold]


def test_what_has_no_name_of_its_own_leads_nowhere(alices_browser, bot):
    for number in range(14):
        close(bot, Decimal(1), symbol=f"SYM{number:02}", strategy_used="")

    page = part(alices_browser, "numbers", range="all")

    shown = [link for link in links_of(page) if "symbol=" in link]
    assert len(shown) == 10
    assert "strategy=" not in page
    assert re.search(r'<th scope="row">4 others</th>', page)
    assert re.search(r'<th scope="row">Not told</th>', page)


@pytest.mark.parametrize(
    ("step", "nets"), [("weekly", [(1, 1), (2, 6)]), ("monthly", [(3, 7)])]
)
def test_weeks_and_months_lead_to_their_trades(alices_browser, bot, step, nets):
    close(bot, Decimal(1), at=datetime(2026, 11, 23, 0, tzinfo=UTC))
    close(bot, Decimal(2), at=datetime(2026, 11, 22, 23, tzinfo=UTC))
    close(bot, Decimal(4), at=datetime(2026, 11, 16, 0, tzinfo=UTC))

    rows = part(alices_browser, "periods", by=step).partition("<tbody>")[2]

    links = [link for link in links_of(rows) if "first_day" in link]
    assert [nets_at(alices_browser, link) for link in links] == [[net] for net in nets]


def test_many_symbols_are_summed_up_at_the_end(alices_browser, bot):
    for number in range(14):
        close(bot, *[Decimal(1)] * (20 - number), symbol=f"SYM{number:02}")

    page = part(alices_browser, "numbers", range="all")

    assert "SYM09" in page
    assert "SYM10" not in page
    assert "4 others" in page


def test_names_are_inert(alices_browser, bot):
    bot.instance_name = "<script>alert(1)</script>"
    bot.save()
    BotInstanceFactory(owner=bot.user, account_currency="USD")
    close(bot, Decimal(1), symbol="<b>X</b>", strategy_used="<img src=x>")

    page = show(alices_browser).content.decode()

    for raw in ("<script>alert", "<b>X", "<img src=x"):
        assert raw not in page
    assert "&lt;img src=x&gt;" in page


def test_demo_live_and_statement_accounts_are_told_apart(alices_browser, bot, alice):
    BotInstanceFactory(owner=alice, account_currency="USD", is_live=True)
    BotInstanceFactory(owner=alice, account_currency="USD", source=BotSource.STATEMENT)

    response = show(alices_browser)

    assert response.context["kinds"] == {"live": 1, "demo": 1, "statement": 1}


def test_the_page_asks_as_much_for_thirty_bots_as_for_one(
    alices_browser, bot, count_statements
):
    close(bot, *VECTOR)
    with count_statements() as for_one:
        show(alices_browser)
    for _ in range(29):
        other = BotInstanceFactory.create(owner=bot.user, account_currency="USD")
        ClosedTradeFactory(bot_instance=other, opened_at=NOW - timedelta(hours=9))
    rollups.roll_up(now=NOW)

    with count_statements() as for_thirty:
        show(alices_browser)

    assert len(for_thirty) == len(for_one)
