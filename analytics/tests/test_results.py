"""Results of days of a zone against a direct computation from the trades."""

import zoneinfo
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from analytics.queries.results import Span, results_by_currency
from analytics.services import rollups
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# In the week in which Berlin's clocks go forward, the last of March.
MONDAY = date(2026, 3, 23)
NOW = datetime(2026, 4, 2, tzinfo=UTC)


@pytest.fixture
def bots(alice):
    return [
        BotInstanceFactory.create(
            owner=alice, instance_name=name, account_currency=currency
        )
        for name, currency in (("A", "USD"), ("B", "USD"), ("C", "JPY"))
    ]


def close(bot, closed_at, net):
    return ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=closed_at - HOUR,
        closed_at=closed_at,
        profit=Decimal(net),
        commission=0,
        swap=0,
    )


def week_of(zone_name):
    return Span(MONDAY, MONDAY + 7 * DAY, zoneinfo.ZoneInfo(zone_name))


@pytest.mark.parametrize(
    "zone_name", ["UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York"]
)
def test_days_and_sums_are_those_of_the_trades(bots, zone_name):
    moment = datetime(2026, 3, 20, 0, 30, tzinfo=UTC)
    trades = []
    while moment < NOW - DAY:
        for place, bot in enumerate(bots):
            net = (moment.hour * 7 + moment.day * 5 + place) % 23 - 11
            trades.append(close(bot, moment, net))
        moment += 5 * HOUR
    rollups.roll_up(now=NOW)

    span = week_of(zone_name)
    found = results_by_currency(bots, span, chart_from=MONDAY)

    by_day: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for trade in trades:
        day = trade.closed_at.astimezone(span.zone).date()
        by_day[trade.bot_instance.account_currency, day] += trade.profit
    assert {
        (each.currency, day.day): day.net for each in found for day in each.days
    } == {key: net for key, net in by_day.items() if key[1] in span.days}
    for each in found:
        assert each.figures.net_profit == sum(day.net for day in each.days)
        assert each.figures.total_trades == sum(day.trades for day in each.days)
        assert each.figures.net_profit == sum(
            of_bot.figures.net_profit for of_bot in each.bots
        )


def test_currencies_are_never_added_up_and_the_busiest_is_first(bots):
    noon = datetime(2026, 3, 24, 12, tzinfo=UTC)
    close(bots[0], noon, 10)
    close(bots[2], noon, 1000)
    close(bots[2], noon + HOUR, 1000)
    rollups.roll_up(now=NOW)

    found = results_by_currency(bots, week_of("UTC"), chart_from=MONDAY)

    assert [(each.currency, each.figures.net_profit) for each in found] == [
        ("JPY", Decimal(2000)),
        ("USD", Decimal(10)),
    ]


def test_bots_are_ranked_and_the_drawdown_is_that_of_their_curve(bots):
    noon = datetime(2026, 3, 24, 12, tzinfo=UTC)
    for hours, bot, net in ((0, 0, 50), (1, 0, -30), (1, 1, 20), (2, 1, -25)):
        close(bots[bot], noon + hours * HOUR, net)
    rollups.roll_up(now=NOW)

    (found,) = results_by_currency(bots, week_of("UTC"), chart_from=MONDAY)

    assert [each.bot.instance_name for each in found.bots] == ["A", "B"]
    assert found.has_ranks
    # The curve: 50, 40, 15.
    assert found.drawdown == 35


def test_the_drawdown_of_one_bot_is_exact(bots):
    noon = datetime(2026, 3, 24, 12, tzinfo=UTC)
    for minutes, net in ((0, 50), (1, -30), (2, 20)):
        close(bots[0], noon + timedelta(minutes=minutes), net)
    rollups.roll_up(now=NOW)

    (found,) = results_by_currency(bots, week_of("UTC"), chart_from=MONDAY)

    assert (found.drawdown, found.has_ranks) == (Decimal(30), False)


def test_what_closed_before_the_span_is_in_the_chart_alone(bots):
    close(bots[0], datetime(2026, 3, 24, 12, tzinfo=UTC), 5)
    close(bots[0], datetime(2026, 3, 29, 12, tzinfo=UTC), 7)
    close(bots[2], datetime(2026, 3, 24, 12, tzinfo=UTC), 9)
    rollups.roll_up(now=NOW)
    last_day = Span(date(2026, 3, 29), date(2026, 3, 30), UTC)

    (found,) = results_by_currency(bots, last_day, chart_from=MONDAY)

    assert (found.currency, found.figures.net_profit) == ("USD", Decimal(7))
    assert [day.net for day in found.days] == [0, 5, 0, 0, 0, 0, 7]


def test_more_bots_cost_no_more_queries(bots, alice, count_statements):
    for bot in bots:
        close(bot, datetime(2026, 3, 24, 12, tzinfo=UTC), 5)
    rollups.roll_up(now=NOW)
    bots = list(BotInstance.objects.filter(user=alice))

    with count_statements() as one:
        results_by_currency(bots[:1], week_of("UTC"), chart_from=MONDAY)
    with count_statements() as three:
        results_by_currency(bots, week_of("UTC"), chart_from=MONDAY)

    assert (len(one), len(three)) == (1, 1)
