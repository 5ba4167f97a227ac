"""Charts as lines of SVG: drawn by the server, so that they print and need no script.

Figures become floats here and only here: they are drawn, never added up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from analytics.queries.performance import CurvePoint, Day
from smarttrader.lib.axes import (
    ABOVE_AND_BELOW,
    BUCKETS,
    HIGH_PANE,
    LOW_PANE,
    OUTSIDE,
    PANE_WIDTH,
    Tick,
    range_of,
    time_ticks,
    value_ticks,
)

SPARK_WIDTH, SPARK_HEIGHT, SPARK_PADDING = 120.0, 36.0, 2.0
SPARK_BUCKETS = 60
BAR_WIDTH, BARS_HEIGHT = 10, 34
MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Sample:
    at: float  # seconds since 1970
    balance: float
    drawdown: float  # at least 0


@dataclass(frozen=True, slots=True)
class BalanceChart:
    """A balance above its drawdown between two moments, ready for the template."""

    start: datetime
    end: datetime
    zone: str
    balance: str
    drawdown: str
    balance_ticks: list[Tick]
    drawdown_ticks: list[Tick]
    time_ticks: list[Tick]
    opening: Decimal
    closing: Decimal
    deepest: Decimal
    trades: int
    data: dict[
        str, Any
    ]  # what the script reads to tell a value: see static/ui/chart.js

    @property
    def change(self) -> Decimal:
        return self.closing - self.opening


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A curve and the area under it, as path data for a viewBox of 120 by 36."""

    curve: str
    area: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    is_up: bool


def balance_chart(
    points: Sequence[CurvePoint], *, start: datetime, end: datetime, zone: tzinfo
) -> BalanceChart | None:
    """Draw the curve between two moments; None where no trade closed up to the end.

    The balance is a staircase: what an hour brought is drawn at its beginning, and what
    had been reached before `start` is drawn from there on.
    """
    first = bisect_left(points, start, key=lambda point: point.hour)
    after = bisect_right(points, end, key=lambda point: point.hour)
    if not after:
        return None
    before = (
        points[first - 1] if first else CurvePoint(start, 0, Decimal(0), Decimal(0))
    )
    last = points[after - 1]
    inside = points[first:after]
    samples = [
        _sample(start, before),
        *(_sample(point.hour, point) for point in inside),
        _sample(end, last),
    ]
    kept = decimated(samples, BUCKETS)
    low, high = range_of([sample.balance for sample in kept])
    deepest = max([before, *inside], key=lambda point: point.drawdown).drawdown
    depth = float(deepest) * (1 + ABOVE_AND_BELOW) or 1.0
    span = samples[-1].at - samples[0].at

    def across(at: float) -> int:
        return round((at - samples[0].at) / span * PANE_WIDTH)

    def up(value: float) -> int:
        return round((high - value) / (high - low) * HIGH_PANE)

    def down(value: float) -> int:
        return round(value / depth * LOW_PANE)

    return BalanceChart(
        start=start,
        end=end,
        zone=str(zone),
        balance=_filled_steps(
            [(across(each.at), up(each.balance)) for each in kept], HIGH_PANE + OUTSIDE
        ),
        drawdown=_filled_steps(
            [(across(each.at), down(each.drawdown)) for each in kept], -OUTSIDE
        ),
        balance_ticks=value_ticks(low, high, 6, up),
        drawdown_ticks=value_ticks(-depth, 0, 3, lambda value: down(-value)),
        time_ticks=time_ticks(start, end, zone),
        opening=before.balance,
        closing=last.balance,
        deepest=deepest,
        trades=sum(point.trades for point in inside),
        data=_readable(kept, low, high, str(zone)),
    )


def decimated(samples: Sequence[Sample], buckets: int) -> list[Sample]:
    """Return at most five samples of each bucket of time: M4, over two series.

    First, last, lowest and highest balance, deepest drawdown: what a pixel column can
    show (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation").
    """
    if len(samples) <= buckets:
        return list(samples)
    start, span = samples[0].at, samples[-1].at - samples[0].at or 1.0
    kept: list[Sample] = []
    begin = 0
    for index in range(1, len(samples) + 1):
        if index < len(samples) and _bucket(
            samples[index], start, span, buckets
        ) == _bucket(samples[begin], start, span, buckets):
            continue
        kept += _telling(samples, range(begin, index))
        begin = index
    return kept


def sparkline(values: Sequence[Decimal]) -> Sparkline | None:
    """Return a small line of the values, or None where there is nothing to draw.

    No peak is lost: of each bucket its lowest and highest are kept.
    """
    samples = [Sample(index, float(value), 0) for index, value in enumerate(values)]
    shown = [sample.balance for sample in decimated(samples, SPARK_BUCKETS)]
    if len(shown) < 2:  # noqa: PLR2004 -- a line has two ends
        return None
    lowest, highest = min(shown), max(shown)
    span = highest - lowest or 1.0
    step = SPARK_WIDTH / (len(shown) - 1)
    inner = SPARK_HEIGHT - 2 * SPARK_PADDING
    points = [
        f"{index * step:.1f},{SPARK_PADDING + (highest - value) / span * inner:.1f}"
        for index, value in enumerate(shown)
    ]
    curve = "M" + "L".join(points)
    return Sparkline(
        curve, f"{curve}L{SPARK_WIDTH:.0f},{SPARK_HEIGHT:.0f}L0,{SPARK_HEIGHT:.0f}Z"
    )


def bars(days: Sequence[Day]) -> list[Bar]:
    """Return a bar per day, up or down from the middle, for a viewBox of 140 by 34."""
    middle = BARS_HEIGHT / 2
    largest = max((abs(day.net) for day in days), default=Decimal(0))
    shown = []
    for index, day in enumerate(days):
        share = float(day.net / largest) if largest else 0.0
        height = max(abs(share) * middle, 0.6)
        shown.append(
            Bar(
                x=index * BAR_WIDTH + 1.6,
                y=round(middle - height if share > 0 else middle, 1),
                width=BAR_WIDTH - 3.2,
                height=round(height, 1),
                is_up=share >= 0,
            )
        )
    return shown


def _sample(at: datetime, point: CurvePoint) -> Sample:
    return Sample(at.timestamp(), float(point.balance), float(point.drawdown))


def _bucket(sample: Sample, start: float, span: float, buckets: int) -> int:
    return int((sample.at - start) * buckets / span)


def _telling(samples: Sequence[Sample], part: range) -> list[Sample]:
    """Return those samples of a bucket that its picture depends on, in order."""
    indexes = {
        part[0],
        min(part, key=lambda index: samples[index].balance),
        max(part, key=lambda index: samples[index].balance),
        max(part, key=lambda index: samples[index].drawdown),
        part[-1],
    }
    return [samples[index] for index in sorted(indexes)]


def _filled_steps(places: Sequence[tuple[int, int]], base: int) -> str:
    """Return a staircase, filled towards `base`; its sides and base are out of sight.

    Steps are relative: half the bytes of absolute places.
    """
    x, y = places[0]
    path = [f"M{-OUTSIDE},{base}V{y}H{x}"]
    for next_x, next_y in places[1:]:
        if next_x != x:
            path.append(f"h{next_x - x}")
        if next_y != y:
            path.append(f"v{next_y - y}")
        x, y = next_x, next_y
    path.append(f"H{PANE_WIDTH + OUTSIDE}V{base}Z")
    return "".join(path)


def _readable(
    kept: Sequence[Sample], low: float, high: float, zone: str
) -> dict[str, Any]:
    """Return the values that the script can tell: the last of each bucket at most."""
    start, end = kept[0].at, kept[-1].at
    by_bucket = {_bucket(each, start, end - start, BUCKETS): each for each in kept}
    told = list(by_bucket.values())
    return {
        "start": round(start),
        "end": round(end),
        "low": round(low, 2),
        "high": round(high, 2),
        "zone": zone,
        "step": MINUTE,
        "at": [round((each.at - start) / MINUTE) for each in told],
        "upper": [round(each.balance, 2) for each in told],
        "lower": [round(0 - each.drawdown, 2) for each in told],
    }
