"""Axes of charts that the server draws as SVG: panes, round values, whole times."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from smarttrader.lib.localization import localized_date, localized_figure

MINUS = "\N{MINUS SIGN}"

# A pane is drawn in tenths of pixels, so that paths need no decimal points, and is
# stretched to the width that it is given; labels are not, and lie beside it.
PANE_WIDTH, HIGH_PANE, LOW_PANE = 10_000, 2_300, 900
OUTSIDE = 90  # how far a filled path runs out of sight, for its edges to be unseen
BUCKETS = 300
ABOVE_AND_BELOW = 0.08

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
DAY_STEPS = (1, 2, 3, 4, 7, 10, 14, 20, 30)
HOUR_STEPS = (1, 2, 3, 4, 6, 12, 24)
MINUTE_STEPS = (1, 2, 5, 10, 15, 30, 60)
TIME_LABELS = 7
EDGE = 0.03  # no label this near to an end: it would be cut


@dataclass(frozen=True, slots=True)
class Tick:
    """A labeled line: where it is drawn in the pane, and where its label is written."""

    place: str
    label_place: str
    label: str


def range_of(values: Sequence[float]) -> tuple[float, float]:
    """Return lowest and highest with some room around."""
    low, high = min(values), max(values)
    margin = (high - low) * ABOVE_AND_BELOW or abs(high) * ABOVE_AND_BELOW or 1.0
    return low - margin, high + margin


def value_ticks(
    low: float, high: float, count: int, place: Callable[[float], int]
) -> list[Tick]:
    """Return about so many labels at round values, at their places in the pane."""
    step = _round_step((high - low) / count)
    decimals = len(f"{step:.6f}".rstrip("0").partition(".")[2])
    ticks = []
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        y = place(number * step)
        figure = f"{number * step:,.{decimals}f}".replace("-", MINUS)
        ticks.append(Tick(str(y), f"{y / 10 + 4:.1f}", localized_figure(figure)))
    return ticks


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5, 10, ... that is not below `least`."""
    magnitude = float(10 ** math.floor(math.log10(least)))
    return next(
        factor * magnitude
        for factor in (1, 2, 2.5, 5, 10)
        if factor * magnitude >= least
    )


def time_ticks(start: datetime, end: datetime, zone: tzinfo) -> list[Tick]:
    """Return labels at whole months, days or hours of the zone."""
    span = end - start
    ticks = []
    for moment, label in _moments(start.astimezone(zone), end.astimezone(zone)):
        share = (moment - start) / span
        if EDGE < share < 1 - EDGE:
            ticks.append(Tick("", f"{share * 100:.2f}%", label))
    return ticks


def _moments(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    span = end - start
    if span > 130 * DAY:
        return _months(start, end)
    if span > 3 * DAY:
        return _days(start, end)
    return _hours(start, end) if span > 6 * HOUR else _minutes(start, end)


def _months(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    wanted = (end - start) / DAY / 30.4 / TIME_LABELS
    step = next((step for step in MONTH_STEPS if step >= wanted), MONTH_STEPS[-1])
    with_year = end - start > 700 * DAY
    month = start.year * 12 + start.month
    while True:
        year, index = divmod(month, 12)
        moment = start.replace(
            year=year, month=index + 1, day=1, hour=0, minute=0, second=0, microsecond=0
        )
        if moment > end:
            return
        if month % step == 0:
            form = "M Y" if with_year or moment.month == 1 else "M"
            yield moment, localized_date(moment, form)
        month += 1


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    wanted = (end - start) / DAY / TIME_LABELS
    step = next((step for step in DAY_STEPS if step >= wanted), DAY_STEPS[-1])
    moment = start.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    while moment <= end:
        yield moment, localized_date(moment, "j M")
        moment += step * DAY


def _hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    wanted = (end - start) / HOUR / TIME_LABELS
    step = next((step for step in HOUR_STEPS if step >= wanted), HOUR_STEPS[-1])
    moment = start.replace(minute=0, second=0, microsecond=0) + HOUR
    while moment <= end:
        if moment.hour % step == 0:
            is_midnight = moment.hour == 0
            yield (
                moment,
                localized_date(moment, "j M") if is_midnight else f"{moment:%H:%M}",
            )
        moment += HOUR


def _minutes(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    wanted = (end - start) / MINUTE / TIME_LABELS
    step = next((step for step in MINUTE_STEPS if step >= wanted), MINUTE_STEPS[-1])
    moment = start.replace(second=0, microsecond=0) + MINUTE
    while moment <= end:
        if moment.minute % step == 0:
            yield moment, f"{moment:%H:%M}"
        moment += MINUTE
