"""Where periods end: by the anchor day, never by the end before."""

import calendar
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.models import LIFETIME_END, BillingCycle
from billing.periods import next_start, period_end

moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
cycles = st.sampled_from([BillingCycle.MONTHLY, BillingCycle.YEARLY])
MONTHS = {BillingCycle.MONTHLY: 1, BillingCycle.YEARLY: 12}


def ends_from(start: datetime, cycle: BillingCycle, number: int) -> list[datetime]:
    ends, anchor_day = [], start.day
    for _ in range(number):
        start = period_end(start, cycle, anchor_day)
        ends.append(start)
    return ends


def last_day(year: int, month: int) -> int:
    """Return a month's last day as the calendar tells it, not our arithmetic."""
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return (first_of_next - timedelta(days=1)).day


def test_jan_31_monthly_ends_on_the_last_day_of_each_of_14_months():
    start = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)

    ends = ends_from(start, BillingCycle.MONTHLY, 14)

    months = [(2027 + month // 12, month % 12 + 1) for month in range(1, 15)]
    assert ends == [
        datetime(year, month, last_day(year, month), 9, 30, tzinfo=UTC)
        for year, month in months
    ]


def test_feb_29_yearly_is_feb_28_but_in_leap_years_for_9_years():
    start = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)

    ends = ends_from(start, BillingCycle.YEARLY, 9)

    assert ends == [
        datetime(year, 2, 29 if calendar.isleap(year) else 28, 23, 59, 59, tzinfo=UTC)
        for year in range(2025, 2034)
    ]


@given(moments, cycles, st.integers(1, 40))
def test_the_nth_end_is_n_cycles_of_months_from_the_start(start, cycle, number):
    end = ends_from(start, cycle, number)[-1]

    months = (end.year - start.year) * 12 + end.month - start.month
    assert months == number * MONTHS[cycle]
    assert end.day == min(start.day, last_day(end.year, end.month))
    assert end.timetz() == start.timetz()


@given(moments, cycles)
def test_ends_only_grow_by_a_month_or_a_year(start, cycle):
    ends = [start, *ends_from(start, cycle, 30)]

    lengths = {(after - before).days for before, after in pairwise(ends)}

    is_monthly = cycle == BillingCycle.MONTHLY
    assert lengths <= ({28, 29, 30, 31} if is_monthly else {364, 365, 366})


@given(moments)
def test_a_start_in_another_zone_ends_on_the_same_moment_as_in_utc(start):
    tokyo = start.astimezone(timezone(timedelta(hours=9)))

    end = period_end(tokyo, BillingCycle.MONTHLY, start.day)

    assert end == period_end(start, BillingCycle.MONTHLY, start.day)


def test_a_lifetime_ends_with_the_calendar():
    start = datetime(2027, 1, 31, tzinfo=UTC)

    assert period_end(start, BillingCycle.LIFETIME, 31) == LIFETIME_END


@given(moments, st.integers(0, 30), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_grace_decides_whether_a_period_follows_or_begins_anew(end, days, late):
    now = end + late

    start, is_anew = next_start(end, grace_days=days, now=now)

    assert is_anew == (late >= timedelta(days=days))
    assert start == (now if is_anew else end)


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=900)))
def test_paid_early_a_period_follows(end, early):
    assert next_start(end, grace_days=0, now=end - early) == (end, False)
