"""A trade's price and its floating profit, drawn by the server as lines of SVG.

Figures become floats here and only here: they are drawn, never added up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from smarttrader.lib.axes import (
    HIGH_PANE,
    LOW_PANE,
    PANE_WIDTH,
    Tick,
    range_of,
    time_ticks,
    value_ticks,
)
from trading.models import Trade
from trading.queries import TickBucket

SHORTEST = timedelta(seconds=1)
LEVELS = {
    "entry": ("open_price", gettext_lazy("Entry")),
    "exit": ("close_price", gettext_lazy("Exit")),
    "stop": ("stop_loss", gettext_lazy("Stop loss")),
    "target": ("take_profit", gettext_lazy("Take profit")),
}


@dataclass(frozen=True, slots=True)
class Level:
    """A price that a trade is held against: a line across the pane."""

    name: str
    label: str | Promise
    price: Decimal
    place: int


@dataclass(frozen=True, slots=True)
class TradeChart:
    """The price above the floating profit while a trade was open."""

    start: datetime
    end: datetime
    zone: str
    price: str
    profit: str
    zero: int  # where the pane of profit has its zero
    levels: list[Level]
    price_ticks: list[Tick]
    profit_ticks: list[Tick]
    time_ticks: list[Tick]
    lowest: Decimal
    highest: Decimal
    ticks: int
    data: dict[str, Any]  # what the script reads to tell a value


def trade_chart(
    trade: Trade, buckets: Sequence[TickBucket], *, zone: tzinfo
) -> TradeChart | None:
    """Draw a trade's prices with its levels; None where none were reported.

    The picture of many ticks in one column of pixels is its first, lowest, highest and
    last, which is what a bucket tells.
    """
    if not buckets:
        return None
    start = min(trade.opened_at, buckets[0].first_at)
    end = max(trade.closed_at or start, buckets[-1].last_at, start + SHORTEST)
    levels = _levels(trade)
    prices = [float(price) for each in buckets for price in each.prices]
    profits = [float(profit) for each in buckets for profit in each.profits]
    price_pane = _Pane(*range_of([*prices, *map(float, levels.values())]), HIGH_PANE)
    profit_pane = _Pane(*range_of([*profits, 0.0]), LOW_PANE)
    across = [
        round((moment - start) / (end - start) * PANE_WIDTH)
        for each in buckets
        for moment in each.moments
    ]
    return TradeChart(
        start=start,
        end=end,
        zone=str(zone),
        price=_line(across, prices, price_pane.place),
        profit=_line(across, profits, profit_pane.place),
        zero=profit_pane.place(0.0),
        levels=[
            Level(name, LEVELS[name][1], price, price_pane.place(float(price)))
            for name, price in levels.items()
        ],
        price_ticks=price_pane.ticks(6),
        profit_ticks=profit_pane.ticks(3),
        time_ticks=time_ticks(start, end, zone),
        lowest=min(each.lowest_profit for each in buckets),
        highest=max(each.highest_profit for each in buckets),
        ticks=sum(each.count for each in buckets),
        data=_readable(buckets, start, end, price_pane, str(zone)),
    )


@dataclass(frozen=True, slots=True)
class _Pane:
    """Values from `low` to `high`, and where they lie in a pane of this height."""

    low: float
    high: float
    height: int

    def place(self, value: float) -> int:
        return round((self.high - value) / (self.high - self.low) * self.height)

    def ticks(self, count: int) -> list[Tick]:
        return value_ticks(self.low, self.high, count, self.place)


def _levels(trade: Trade) -> dict[str, Decimal]:
    """Return the prices that a trade is held against, those that it has."""
    prices = {name: getattr(trade, field) for name, (field, _) in LEVELS.items()}
    return {name: price for name, price in prices.items() if price is not None}


def _readable(
    buckets: Sequence[TickBucket],
    start: datetime,
    end: datetime,
    prices: _Pane,
    zone: str,
) -> dict[str, Any]:
    """Return the values that the script can tell: the last of each bucket."""
    return {
        "start": round(start.timestamp()),
        "end": round(end.timestamp()),
        "low": prices.low,
        "high": prices.high,
        "zone": zone,
        "step": 1,
        "at": [round((each.last_at - start).total_seconds()) for each in buckets],
        "upper": [float(each.prices[-1]) for each in buckets],
        "lower": [float(each.profits[-1]) for each in buckets],
    }


def _line(
    places: Sequence[int], values: Sequence[float], up: Callable[[float], int]
) -> str:
    """Return a path through the values, in relative steps: half the bytes."""
    x, y = places[0], up(values[0])
    path = [f"M{x},{y}"]
    for next_x, value in zip(places[1:], values[1:], strict=True):
        next_y = up(value)
        if (next_x, next_y) != (x, y):
            path.append(f"l{next_x - x},{next_y - y}")
        x, y = next_x, next_y
    return "".join(path)
