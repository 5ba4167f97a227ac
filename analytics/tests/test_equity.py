"""Equity by the hour: noted, forgotten, and drawn beside what closed trades earned."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from analytics.models import EquityHour
from analytics.queries.equity import (
    HOLDS,
    ToldEquity,
    told_equity,
)
from analytics.queries.performance import CurvePoint
from analytics.services import equity, rollups
from analytics.tests.full_curves import EquityCurve, curve_with_equity
from bots.models import BotInstance
from bots.services.heartbeats import Heartbeat, record_heartbeat
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(owner=alice, account_currency="USD")


def beat(bot, at, equity_told, balance=1000):
    """Let a heartbeat come, and a sweep half a minute after it."""
    told = Heartbeat(balance=Decimal(balance), equity=Decimal(equity_told))
    record_heartbeat(bot=bot, beat=told, now=at)
    return equity.note_equity(now=at + MINUTE / 2)


def kept(bot):
    rows = EquityHour.objects.filter(bot_instance=bot).order_by("hour_start")
    return [
        (row.hour_start, *map(int, (row.open, row.high, row.low, row.close)))
        for row in rows
    ]


def test_an_hour_keeps_the_first_the_highest_the_lowest_and_the_last(bot):
    for minute, told in enumerate((1010, 1030, 980, 1000)):
        assert beat(bot, NOON + minute * MINUTE, told) == 1
    beat(bot, NOON + HOUR, 1005)

    assert kept(bot) == [
        (NOON, 1010, 1030, 980, 1000),
        (NOON + HOUR, 1005, 1005, 1005, 1005),
    ]


def test_a_beat_is_noted_once(bot):
    beat(bot, NOON, 1010)

    assert equity.note_equity(now=NOON + MINUTE) == 0
    assert kept(bot) == [(NOON, 1010, 1010, 1010, 1010)]


def test_what_was_told_in_an_hour_counts_for_it_though_the_sweep_comes_later(bot):
    beat(bot, NOON - MINUTE / 4, 1010)

    assert kept(bot) == [(NOON - HOUR, 1010, 1010, 1010, 1010)]


def test_silent_bots_and_those_that_tell_nothing_are_left_out(alice, bot):
    BotInstanceFactory.create(owner=alice, last_heartbeat=NOON)
    BotInstanceFactory.create(
        owner=alice, last_heartbeat=NOON - 2 * HOUR, equity=Decimal(1), balance=1
    )

    assert beat(bot, NOON, 1010) == 1


def test_hours_are_kept_for_four_hundred_days(bot):
    for days in (399, 401):
        beat(bot, NOON - timedelta(days=days), 1000)

    assert equity.delete_old_equity(now=NOON) == 1
    assert [hour for hour, *_ in kept(bot)] == [NOON - timedelta(days=399)]


def test_accounts_are_added_up_and_two_bots_on_one_count_once(alice, bot):
    same = {"mt4_account": bot.mt4_account, "broker_server": bot.broker_server}
    twin = BotInstanceFactory.create(owner=alice, license=bot.license, **same)
    other = BotInstanceFactory.create(owner=alice)
    beat(bot, NOON, 1100)
    beat(twin, NOON + MINUTE, 1090)
    beat(other, NOON + HOUR, 480, balance=500)
    beat(bot, NOON + 2 * HOUR, 1200, balance=1150)

    with_other = told_equity([bot, twin, other])

    assert [each.hour for each in with_other] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert [int(each.equity) for each in with_other] == [1090, 1570, 1680]
    assert [int(each.balance) for each in with_other] == [1000, 1500, 1650]


def closed(hours, *balances):
    return [
        CurvePoint(NOON + hour * HOUR, 1, Decimal(balance), Decimal(0))
        for hour, balance in zip(hours, balances, strict=True)
    ]


def told(hour, equity_told, balance, *, low=None, high=None):
    return ToldEquity(
        NOON + hour * HOUR,
        Decimal(equity_told),
        Decimal(equity_told if low is None else low),
        Decimal(equity_told if high is None else high),
        Decimal(balance),
    )


def drawn(curve):
    return [
        (int(point.balance), point.equity and int(point.equity), int(point.drawdown))
        for point in curve.points
    ]


def test_the_curve_is_raised_to_the_balance_and_falls_with_equity():
    curve = curve_with_equity(
        closed([0, 2, 4], 100, 150, 120),
        [
            told(2, 1140, 1150),
            told(3, 1130, 1150, low=1000, high=1200),
            told(4, 1125, 1120),
        ],
    )

    assert curve.start == 1000
    assert drawn(curve) == [
        (1100, None, 0),
        (1150, 1140, 0),
        (1150, 1130, 140),
        (1120, 1125, 75),
    ]


def test_a_deposit_and_a_withdrawal_are_neither_profit_nor_drawdown():
    balances = [1000, 1000, 1500, 1500, 1500, 1200, 1200]
    curve = curve_with_equity(
        [],
        [told(hour, balance - 10, balance) for hour, balance in enumerate(balances)],
    )

    assert set(drawn(curve)) == {(1200, 1190, 10)}


def test_a_trade_that_closes_after_the_last_report_moves_no_cash():
    # It stood at -50 when it was told last, and closed at that within the same hour.
    curve = curve_with_equity(
        closed([1], -50),
        [told(0, 950, 1000), told(1, 950, 1000), told(2, 950, 950), told(3, 950, 950)],
    )

    assert drawn(curve) == [
        (1000, 950, 50),
        (950, 950, 50),
        (950, 950, 50),
        (950, 950, 50),
    ]


def test_equity_holds_for_days_and_is_then_unknown():
    late = HOLDS // HOUR
    curve = curve_with_equity(
        closed([late, late + 1], 10, 20), [told(0, 900, 1000), told(1, 900, 1000)]
    )

    assert [point.equity and int(point.equity) for point in curve.points] == [
        900,
        900,
        900,
        900,
    ]
    assert (
        curve_with_equity(closed([late + 2], 10), [told(0, 900, 1000)])
        .points[-1]
        .equity
        is None
    )


def test_without_any_report_the_curve_is_as_it_was():
    points = closed([0, 1], 10, 20)

    curve = curve_with_equity(points, [])

    assert curve == EquityCurve(Decimal(0), points)


@pytest.mark.parametrize("has_told", [True, False])
def test_the_chart_says_where_its_figures_come_from(
    client, alice, bot, monkeypatch, has_told
):
    monkeypatch.setattr(clock, "now", lambda: NOON + HOUR)
    ClosedTradeFactory(bot_instance=bot, opened_at=NOON - 3 * HOUR)
    rollups.roll_up(now=NOON)
    if has_told:
        beat(bot, NOON, 1010)
    client.force_login(alice)

    for name in ("overview", "performance"):
        page = client.get(reverse(name)).content.decode()

        assert ('class="equity"' in page) == has_told
        assert ("no terminal has told its equity" in page) != has_told


def test_a_bot_that_goes_takes_its_equity_along(bot):
    beat(bot, NOON, 1010)

    BotInstance.objects.filter(pk=bot.pk).delete()

    assert not EquityHour.objects.exists()
