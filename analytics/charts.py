"""Charts as lines of SVG: drawn by the server, so that they print and need no script.

Figures become floats here and only here: they are drawn, never added up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, NamedTuple

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


class Sample(NamedTuple):
    """A tuple, as a chart is drawn from thousands."""

    at: float  # seconds since 1970
    balance: float
    drawdown: float  # at least 0
    equity: float | None = None


@dataclass(frozen=True, slots=True)
class BalanceChart:
    """A balance above its drawdown between two moments, ready for the template.

    `equity` is empty where none is known.
    """

    start: datetime
    end: datetime
    zone: str
    balance: str
    equity: str
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
    points: Sequence[CurvePoint],
    *,
    start: datetime,
    end: datetime,
    zone: tzinfo,
    opening: Decimal = Decimal(0),
) -> BalanceChart | None:
    """Draw the curve between two moments; None where it begins after the end.

    The balance is a staircase: what an hour brought is drawn at its beginning, and what
    had been reached before `start` is drawn from there on. Before the first point it
    was `opening`.
    """
    window = _window(points, start, end, opening)
    if window is None:
        return None
    before, inside = window
    last = (inside or [before])[-1]
    kept = decimated(
        [
            _sample(start, before),
            *(_sample(point.hour, point) for point in inside),
            _sample(end, last),
        ],
        BUCKETS,
    )
    deepest = max(point.drawdown for point in [before, *inside])
    places = _Places(
        kept[0].at,
        kept[-1].at,
        *range_of([value for each in kept for value in _high_values(each)]),
        float(deepest) * (1 + ABOVE_AND_BELOW) or 1.0,
    )
    return BalanceChart(
        start=start,
        end=end,
        zone=str(zone),
        **_paths(kept, places),
        balance_ticks=value_ticks(places.low, places.high, 6, places.up),
        drawdown_ticks=value_ticks(
            -places.depth, 0, 3, lambda value: places.down(-value)
        ),
        time_ticks=time_ticks(start, end, zone),
        opening=before.balance,
        closing=last.balance,
        deepest=deepest,
        trades=sum(point.trades for point in inside),
        data=_readable(kept, places, str(zone)),
    )


def decimated(samples: Sequence[Sample], buckets: int) -> list[Sample]:
    """Return at most five samples of each bucket of time: M4, over two series.

    First, last, lowest and highest balance, deepest drawdown: what a pixel column can
    show (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation").
    Equity, which is drawn as a thin line, follows at these five.
    """
    if len(samples) <= buckets:
        return list(samples)
    start, span = samples[0].at, samples[-1].at - samples[0].at or 1.0
    kept: list[Sample] = []
    for _, bucket in groupby(
        samples, key=lambda each: _bucket(each, start, span, buckets)
    ):
        kept += _telling(list(bucket))
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


@dataclass(frozen=True, slots=True)
class _Places:
    """Where moments and values lie in the two panes."""

    start: float
    end: float
    low: float
    high: float
    depth: float

    def across(self, at: float) -> int:
        return round((at - self.start) / (self.end - self.start) * PANE_WIDTH)

    def up(self, value: float) -> int:
        return round((self.high - value) / (self.high - self.low) * HIGH_PANE)

    def down(self, value: float) -> int:
        return round(value / self.depth * LOW_PANE)


def _window(
    points: Sequence[CurvePoint], start: datetime, end: datetime, opening: Decimal
) -> tuple[CurvePoint, Sequence[CurvePoint]] | None:
    """Return the last point before `start` and those up to `end`; None without any."""
    first = bisect_left(points, start, key=lambda point: point.hour)
    after = bisect_right(points, end, key=lambda point: point.hour)
    if not after:
        return None
    if first:
        return points[first - 1], points[first:after]
    return CurvePoint(start, 0, opening, Decimal(0)), points[:after]


def _paths(kept: Sequence[Sample], places: _Places) -> dict[str, str]:
    across = [places.across(each.at) for each in kept]
    balance = [places.up(each.balance) for each in kept]
    drawdown = [places.down(each.drawdown) for each in kept]
    return {
        "balance": _filled_steps(
            list(zip(across, balance, strict=True)), HIGH_PANE + OUTSIDE
        ),
        "equity": _equity_steps(kept, places),
        "drawdown": _filled_steps(list(zip(across, drawdown, strict=True)), -OUTSIDE),
    }


def _high_values(sample: Sample) -> list[float]:
    """Return what is drawn of a sample in the high pane."""
    known = [] if sample.equity is None else [sample.equity]
    return [sample.balance, *known]


def _sample(at: datetime, point: CurvePoint) -> Sample:
    equity = None if point.equity is None else float(point.equity)
    return Sample(at.timestamp(), float(point.balance), float(point.drawdown), equity)


def _bucket(sample: Sample, start: float, span: float, buckets: int) -> int:
    return int((sample.at - start) * buckets / span)


def _telling(bucket: Sequence[Sample]) -> list[Sample]:
    """Return those samples of a bucket that its picture depends on, in order."""
    balances = [each.balance for each in bucket]
    drawdowns = [each.drawdown for each in bucket]
    places = {
        0,
        balances.index(min(balances)),
        balances.index(max(balances)),
        drawdowns.index(max(drawdowns)),
        len(bucket) - 1,
    }
    return [bucket[place] for place in sorted(places)]


def _filled_steps(places: Sequence[tuple[int, int]], base: int) -> str:
    """Return a staircase, filled towards `base`; its other sides are out of sight."""
    (x, y), *_ = places
    steps = _relative_steps(places)
    return f"M{-OUTSIDE},{base}V{y}H{x}{steps}H{PANE_WIDTH + OUTSIDE}V{base}Z"


def _equity_steps(kept: Sequence[Sample], places: _Places) -> str:
    """Return a staircase for each stretch in which equity is known."""
    path = []
    for is_known, stretch in groupby(kept, lambda each: each.equity is not None):
        if is_known:
            steps = [
                (places.across(each.at), places.up(each.equity or 0.0))
                for each in stretch
            ]
            (x, y), *_ = steps
            path.append(f"M{x},{y}{_relative_steps(steps)}")
    return "".join(path)


def _relative_steps(places: Sequence[tuple[int, int]]) -> str:
    """Return the steps of a staircase from its first place on: half the bytes."""
    path = []
    for (x, y), (next_x, next_y) in pairwise(places):
        if next_x != x:
            path.append(f"h{next_x - x}")
        if next_y != y:
            path.append(f"v{next_y - y}")
    return "".join(path)


def _readable(kept: Sequence[Sample], places: _Places, zone: str) -> dict[str, Any]:
    """Return the values that the script can tell: the last of each bucket at most."""
    start, span = places.start, places.end - places.start
    told = list({_bucket(each, start, span, BUCKETS): each for each in kept}.values())
    equity = [each.equity and round(each.equity, 2) for each in told]
    return {
        "start": round(start),
        "end": round(places.end),
        "low": round(places.low, 2),
        "high": round(places.high, 2),
        "zone": zone,
        "step": MINUTE,
        "at": [round((each.at - start) / MINUTE) for each in told],
        "upper": [round(each.balance, 2) for each in told],
        "between": equity if any(equity) else [],
        "lower": [round(0 - each.drawdown, 2) for each in told],
    }
