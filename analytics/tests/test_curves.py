"""What is kept of a curve tells what all of its hours tell."""

import random
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import caches

from accounts.tests.broken_redis import nobody_there
from analytics import charts
from analytics.models import CurveVersion, EquityHour, MetricType, PerformanceMetric
from analytics.queries import performance
from analytics.queries.curves import curve_of_bots
from analytics.queries.equity import told_equity
from analytics.services import rollups
from analytics.tests.full_curves import curve_with_equity
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from smarttrader.lib.cache import ForgetfulCache, breaker_of
from smarttrader.lib.months import month_of
from trading.models import Trade
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)
FIRST = datetime(2024, 11, 4, 9, tzinfo=UTC)
HOURS = (NOW - FIRST) // HOUR
EARLIEST = datetime(2025, 7, 1, tzinfo=UTC)
SEEDS = range(8)


@pytest.fixture
def bots(alice):
    """Return three bots, of which two are on one account."""
    one, other = BotInstanceFactory.create_batch(2, owner=alice)
    twin = BotInstanceFactory.create(
        owner=alice,
        license=one.license,
        mt4_account=one.mt4_account,
        broker_server=one.broker_server,
    )
    return [one, other, twin]


def write_history(bots, seed):
    """Let each bot trade in busy and idle weeks, and some tell their equity."""
    # Not for secrets: the same histories in each run.
    dice = random.Random(seed)
    for bot in bots:
        write_trades(bot, dice)
        if dice.random() < 0.8:
            write_equity(bot, dice)


def write_trades(bot, dice):
    hours = dice.sample(range(HOURS), dice.randrange(5, 900))
    PerformanceMetric.objects.bulk_create(
        PerformanceMetric(
            bot_instance=bot,
            metric_type=MetricType.HOURLY,
            period_start=FIRST + hour * HOUR,
            period_end=FIRST + hour * HOUR + HOUR,
            total_trades=dice.randrange(1, 9),
            net_profit=Decimal(dice.randrange(-50_000, 51_000)) / 100,
        )
        for hour in hours
    )


def write_equity(bot, dice):
    """Let it tell its equity, silent for weeks at times, with deposits among it."""
    begun = dice.randrange(HOURS)
    told: list[EquityHour] = []
    hour, cash = begun, Decimal(dice.randrange(1, 9000))
    while hour < HOURS and len(told) < 900:
        if dice.random() < 0.02:
            hour += dice.randrange(1, 1500)
        if dice.random() < 0.02:
            cash += dice.randrange(-500, 900)
        low, open_, close, high = sorted(
            cash + Decimal(dice.randrange(-9_000, 9_000)) / 100 for _ in range(4)
        )
        at = FIRST + hour * HOUR
        told.append(
            EquityHour(
                bot_instance=bot,
                hour_start=at,
                open=open_,
                high=high,
                low=low,
                close=close,
                balance=cash,
                told_at=at + timedelta(minutes=dice.randrange(60)),
            )
        )
        hour += dice.choice((1, 1, 1, 2, 30))
    EquityHour.objects.bulk_create(told)


def every_hour(bots):
    """Return the curve as it was before anything was kept of it."""
    closed = performance.balance_curve([bot.pk for bot in bots])
    told = told_equity(bots, earliest=EARLIEST, since=EARLIEST)
    return closed, curve_with_equity(closed, told)


def twice(bots):
    """Return a curve that is computed, and one of which the past was kept."""
    return [curve_of_bots(bots, NOW), curve_of_bots(bots, NOW)]


def told_by(curve, start, end, opening):
    chart = charts.balance_chart(curve, start=start, end=end, zone=UTC, opening=opening)
    return chart and (chart.opening, chart.closing, chart.deepest, chart.trades)


def extremes(points, start, end):
    """Return lowest and highest balance, and deepest drawdown, between two moments."""
    hours = [point.hour for point in points]
    inside = points[bisect_left(hours, start) : bisect_right(hours, end)]
    if not inside:
        return None
    balances = [point.balance for point in inside]
    return min(balances), max(balances), max(point.drawdown for point in inside)


def windows(seed):
    dice = random.Random(seed)
    for days in (1, 7, 30, 90, 200, 365, 500):
        start = FIRST + dice.randrange(-100, HOURS) * HOUR + timedelta(minutes=30)
        yield start, start + days * DAY
    for days in (7, 30, 90, 365):
        yield NOW - days * DAY, NOW


@pytest.mark.parametrize("seed", SEEDS)
def test_a_window_of_a_kept_curve_tells_what_all_hours_tell(bots, seed):
    write_history(bots, seed)
    _, whole = every_hour(bots)

    for curve in twice(bots):
        assert curve.start == whole.start
        assert curve.span == (whole.points[0].hour, whole.points[-1].hour)
        for start, end in [*windows(seed), (curve.span[0], curve.span[1] + HOUR)]:
            points = curve.between(start, end)
            assert told_by(points, start, end, curve.start) == told_by(
                whole.points, start, end, whole.start
            )
            assert extremes(points, start, end) == extremes(whole.points, start, end)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_window_of_three_months_has_every_hour(bots, seed):
    write_history(bots, seed)
    _, whole = every_hour(bots)

    for curve in twice(bots):
        for start, end in windows(seed):
            if end - start > 90 * DAY:
                continue
            points = curve.between(start, end)
            assert [each for each in points if start <= each.hour <= end] == [
                each for each in whole.points if start <= each.hour <= end
            ]


@pytest.mark.parametrize("seed", SEEDS)
def test_closed_trades_fall_as_deep_between_any_days(bots, seed):
    write_history(bots, seed)
    closed, _ = every_hour(bots)
    dice = random.Random(seed)
    midnight = FIRST.replace(hour=0)

    for curve in twice(bots):
        for _ in range(20):
            start = midnight + dice.randrange(-5, 620) * DAY
            end = start + dice.randrange(1, 400) * DAY
            for bounds in ((start, end), (None, end), (start, None), (None, None)):
                assert curve.deepest_drawdown(*bounds) == performance.deepest_drawdown(
                    closed, *bounds
                )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_weeks_of_closed_trades_are_there_by_the_hour(bots, seed):
    write_history(bots, seed)
    closed, _ = every_hour(bots)
    since = NOW - 30 * DAY

    for curve in twice(bots):
        found = curve.closed_since(since)
        recent = [point for point in closed if point.hour >= since]
        assert [point for point in found if point.hour >= since] == recent
        assert performance.last_days(found, 14, NOW) == performance.last_days(
            closed, 14, NOW
        )


def test_little_is_kept_of_five_years_of_hours(bots):
    first = datetime(2021, 7, 1, tzinfo=UTC)
    PerformanceMetric.objects.bulk_create(
        PerformanceMetric(
            bot_instance=bots[0],
            metric_type=MetricType.HOURLY,
            period_start=first + hour * HOUR,
            period_end=first + hour * HOUR + HOUR,
            total_trades=1,
            net_profit=Decimal(hour * 7919 % 1009 - 500),
        )
        for hour in range(5 * 365 * 24)
    )

    curve = curve_of_bots(bots[:1], NOW)

    assert len(curve.columns.seconds) < 12_500


def test_without_anything_there_is_no_curve(bots):
    for curve in twice(bots):
        assert curve.span is None
        assert curve.deepest_drawdown() == 0
        assert curve.closed_since() == curve.between(FIRST, NOW) == []


# --- What is kept, and until when -----------------------------------------------------
def close(bot, at, net):
    trade = ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=at - HOUR,
        closed_at=at,
        profit=Decimal(net),
        commission=0,
        swap=0,
    )
    rollups.roll_up(now=NOW)
    return trade


def drawn(bot):
    curve = curve_of_bots([bot], NOW)
    return [(point.hour, int(point.balance)) for point in curve.closed_since()]


def test_a_late_a_changed_and_a_deleted_trade_are_seen_at_once(bots):
    march = datetime(2026, 3, 2, 10, tzinfo=UTC)
    trade = close(bots[0], march, 50)
    assert drawn(bots[0]) == [(march, 50)]

    late = close(bots[0], march + HOUR, -20)
    assert drawn(bots[0]) == [(march, 50), (march + HOUR, 30)]

    # To another hour: the month's sums stay as they were.
    Trade.objects.filter(pk=late.pk).update(closed_at=march + 2 * HOUR)
    rollups.roll_up(now=NOW)
    assert drawn(bots[0]) == [(march, 50), (march + 2 * HOUR, 30)]

    Trade.objects.filter(pk=trade.pk).delete()
    rollups.roll_up(now=NOW)
    assert drawn(bots[0]) == [(march + 2 * HOUR, -20)]


def test_a_change_that_is_undone_does_not_bring_back_what_was_kept_meanwhile(bots):
    march = datetime(2026, 3, 2, 10, tzinfo=UTC)
    trade = close(bots[0], march, 50)
    versions = set()
    for net in (60, 50, 60, 50):
        Trade.objects.filter(pk=trade.pk).update(profit=net)
        rollups.roll_up(now=NOW)
        versions.add(CurveVersion.objects.get(bot_instance=bots[0]).version)
        assert drawn(bots[0]) == [(march, net)]

    assert len(versions) == 4


def test_what_closes_this_month_leaves_what_is_kept_alone(bots, count_statements):
    now = clock.now()
    close(bots[0], now - 100 * DAY, 50)
    curve_of_bots(bots, now)
    (kept,) = CurveVersion.objects.all()

    close(bots[0], max(now - 3 * HOUR, month_of(now)), 5)

    assert list(CurveVersion.objects.all()) == [kept]
    assert CurveVersion.objects.get().version == kept.version
    with count_statements() as asked:
        curve = curve_of_bots(bots, now)
    assert len(asked) == 3
    assert [int(each.balance) for each in curve.closed_since()] == [50, 55]


def test_whose_own_month_is_the_first_keeps_nothing_that_a_late_trade_changes(bots):
    close(bots[0], NOW - 2 * HOUR, 5)
    drawn(bots[0])

    close(bots[0], NOW - 3 * HOUR, 7)

    assert [balance for _, balance in drawn(bots[0])] == [7, 12]


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_roll_up_whose_clock_is_slow_hides_no_change(bots, is_slow):
    march = datetime(2026, 3, 2, 10, tzinfo=UTC)
    trade = close(bots[0], march, 50)
    drawn(bots[0])

    Trade.objects.filter(pk=trade.pk).update(profit=60)
    rollups.roll_up(now=march + HOUR if is_slow else NOW)

    assert drawn(bots[0]) == [(march, 60)]


def test_while_redis_is_away_nothing_is_kept_and_all_is_right(bots, settings):
    march = datetime(2026, 3, 2, 10, tzinfo=UTC)
    close(bots[0], march, 50)
    url = nobody_there()
    settings.CACHES = {
        **settings.CACHES,
        "kept": {**settings.CACHES["kept"], "LOCATION": url},
    }
    try:
        assert drawn(bots[0]) == drawn(bots[0]) == [(march, 50)]
        close(bots[0], march + HOUR, -20)
        assert drawn(bots[0]) == [(march, 50), (march + HOUR, 30)]
        cache = caches["kept"]
        assert isinstance(cache, ForgetfulCache)
        cache.set("a", 1)
        assert cache.get("a") is None
    finally:
        breaker_of(url).note_success()


def test_an_account_that_moves_is_another_curve(bots):
    one, other, _ = bots
    write_equity(one, random.Random(1))
    write_equity(other, random.Random(2))
    curve_of_bots([one, other], NOW)
    other.mt4_account, other.broker_server = one.mt4_account, one.broker_server
    other.license = one.license

    curve = curve_of_bots([one, other], NOW)

    _, whole = every_hour([one, other])
    assert curve.between(NOW - 30 * DAY, NOW)[-1] == whole.points[-1]
