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
    levels = {
        name: price
        for name, (field, _) in LEVELS.items()
        if (price := getattr(trade, field)) is not None
    }
    prices = [float(price) for each in buckets for price in each.prices]
    profits = [float(profit) for each in buckets for profit in each.profits]
    low, high = range_of([*prices, *map(float, levels.values())])
    low_profit, high_profit = range_of([*profits, 0.0])

    def up(value: float) -> int:
        return round((high - value) / (high - low) * HIGH_PANE)

    def down(value: float) -> int:
        return round((high_profit - value) / (high_profit - low_profit) * LOW_PANE)

    places = [
        round((moment - start) / (end - start) * PANE_WIDTH)
        for each in buckets
        for moment in each.moments
    ]
    return TradeChart(
        start=start,
        end=end,
        zone=str(zone),
        price=_line(places, prices, up),
        profit=_line(places, profits, down),
        zero=down(0.0),
        levels=[
            Level(name, LEVELS[name][1], price, up(float(price)))
            for name, price in levels.items()
        ],
        price_ticks=value_ticks(low, high, 6, up),
        profit_ticks=value_ticks(low_profit, high_profit, 3, down),
        time_ticks=time_ticks(start, end, zone),
        lowest=min(each.lowest_profit for each in buckets),
        highest=max(each.highest_profit for each in buckets),
        ticks=sum(each.count for each in buckets),
        data={
            "start": round(start.timestamp()),
            "end": round(end.timestamp()),
            "low": low,
            "high": high,
            "zone": str(zone),
            "step": 1,
            "at": [round((each.last_at - start).total_seconds()) for each in buckets],
            "upper": [float(each.prices[-1]) for each in buckets],
            "lower": [float(each.profits[-1]) for each in buckets],
        },
    )


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
