from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import charts
from analytics.queries.performance import CurvePoint, Day
from smarttrader.lib.axes import BUCKETS

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
samples = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(-1000, 1000), st.integers(0, 1000)),
    min_size=1,
    max_size=400,
    unique_by=lambda row: row[0],
).map(lambda rows: [charts.Sample(*map(float, row)) for row in sorted(rows)])


def curve(*balances, step=HOUR, start=START):
    peak, points = Decimal(0), []
    for index, balance in enumerate(map(Decimal, balances)):
        peak = max(peak, balance)
        points.append(CurvePoint(start + index * step, 1, balance, peak - balance))
    return points


def draw(points, start=START, end=START + 24 * HOUR, zone=UTC):
    return charts.balance_chart(points, start=start, end=end, zone=zone)


@given(samples, st.integers(1, 40))
def test_decimation_keeps_ends_and_extremes_in_order(given_samples, buckets):
    kept = charts.decimated(given_samples, buckets)

    assert kept[0] == given_samples[0]
    assert kept[-1] == given_samples[-1]
    for value in (lambda each: each.balance, lambda each: each.drawdown):
        assert max(map(value, kept)) == max(map(value, given_samples))
    assert min(each.balance for each in kept) == min(
        each.balance for each in given_samples
    )
    assert [each.at for each in kept] == sorted({each.at for each in kept})
    assert set(kept) <= set(given_samples)


@given(samples, st.integers(1, 40))
def test_decimation_keeps_few_of_each_bucket(given_samples, buckets):
    kept = charts.decimated(given_samples, buckets)

    assert len(kept) <= max(buckets, 5 * (buckets + 1))


def test_a_hundred_thousand_hours_make_a_small_picture():
    points = curve(*(index % 977 for index in range(100_000)))

    chart = draw(points, end=points[-1].hour)

    assert len(chart.balance) < 20_000
    assert len(chart.data["at"]) <= BUCKETS + 1


def test_the_window_begins_with_what_was_reached_before():
    chart = draw(curve(100, 40, 70), start=START + HOUR, end=START + 5 * HOUR)

    assert chart.opening == 100
    assert chart.closing == 70
    assert chart.change == -30
    assert chart.deepest == 60
    assert chart.trades == 2
    assert chart.data["at"][-1] == 240
    assert chart.data["upper"][-1] == 70


def test_the_balance_is_a_staircase_whose_edges_are_out_of_sight():
    chart = draw(curve(0, 100), end=START + 2 * HOUR)

    assert chart.balance == "M-90,2390V2141H0h5000v-1982h5000H10090V2390Z"


def test_nothing_closed_until_the_end_draws_nothing():
    assert draw([]) is None
    assert draw(curve(10), start=START - 48 * HOUR, end=START - 24 * HOUR) is None


def test_a_window_after_the_last_trade_is_flat():
    chart = draw(curve(10, 30), start=START + 100 * HOUR, end=START + 200 * HOUR)

    assert chart.change == 0
    assert chart.trades == 0
    assert chart.data["upper"] == [30, 30]


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (1, ["04:00", "08:00", "12:00", "16:00", "20:00"]),
        (7, ["2 Mar", "3 Mar", "4 Mar", "5 Mar", "6 Mar", "7 Mar"]),
        (365, ["May", "Jul", "Sep", "Nov", "Jan 2027"]),
    ],
)
def test_time_is_labeled_at_whole_hours_days_and_months(days, labels):
    chart = draw(curve(1), end=START + timedelta(days=days))

    assert [tick.label for tick in chart.time_ticks] == labels


def test_days_begin_at_midnight_of_the_readers_zone():
    zone = ZoneInfo("Asia/Tokyo")
    chart = draw(curve(1), end=START + timedelta(days=6), zone=zone)

    assert chart.zone == "Asia/Tokyo"
    assert chart.time_ticks[0].label_place == "10.42%"  # 15:00 UTC


def test_values_are_labeled_in_round_steps_with_a_minus_sign():
    chart = draw(curve(-30, 1200, 4000))

    assert [tick.label for tick in chart.balance_ticks] == [
        "0",
        "1,000",
        "2,000",
        "3,000",
        "4,000",
    ]
    assert [tick.label for tick in chart.drawdown_ticks] == ["\N{MINUS SIGN}20", "0"]


def test_bars_go_up_and_down_from_the_middle():
    day = START.date()
    won, lost = charts.bars([Day(day, 1, Decimal(50)), Day(day, 1, Decimal(-25))])

    assert (won.is_up, won.y, won.height) == (True, 0, 17)
    assert (lost.is_up, lost.y, lost.height) == (False, 17, 8.5)


def test_a_single_value_has_no_sparkline():
    assert charts.sparkline([Decimal(1)]) is None
    line = charts.sparkline([Decimal(1), Decimal(2)])
    assert line is not None
    assert line.curve == "M0.0,34.0L120.0,2.0"
