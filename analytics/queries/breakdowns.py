"""What tells trades apart: symbol, strategy, direction, weekday and hour of the day.

Read from daily sums and hourly metrics, never from trades.
Days, weekdays and hours are UTC's; a trade belongs to the one in which it closed.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from django.db import connection

from smarttrader.lib.money import FOUR_PLACES, rounded

SQL = Path(__file__).parent.parent / "sql"
BY_PART = (SQL / "trades_by_part.sql").read_text()
BY_TIME = (SQL / "trades_by_time.sql").read_text()


@dataclass(frozen=True, slots=True)
class Part:
    """Closed trades that have something in common, of one currency; exact sums.

    `key` is a symbol, a strategy ("" where none was told), BUY or SELL, a weekday from
    1 for Monday to 7, or an hour from 0 to 23. `volume` is in lots.
    """

    currency: str
    key: str | int
    total_trades: int
    winning_trades: int
    losing_trades: int
    gross_profit: Decimal
    gross_loss: Decimal
    volume: Decimal

    @property
    def net_profit(self) -> Decimal:
        return self.gross_profit - self.gross_loss

    @property
    def win_rate(self) -> Decimal:
        """In percent."""
        return Decimal(100) * self.winning_trades / self.total_trades

    @property
    def profit_factor(self) -> Decimal | None:
        """None without a loss."""
        if not self.gross_loss:
            return None
        return rounded(self.gross_profit / self.gross_loss, FOUR_PLACES)

    @property
    def expectancy(self) -> Decimal:
        """Net profit per trade."""
        return self.net_profit / self.total_trades


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days from the first up to, and without, the end; None: without a bound."""

    start: date | None = None
    end: date | None = None


ALL_DAYS = Days()


class TradesByPart(NamedTuple):
    """By currency and key."""

    symbol: list[Part]
    strategy: list[Part]
    direction: list[Part]


class TradesByTime(NamedTuple):
    """By currency and key: from Monday, from midnight."""

    weekday: list[Part]
    hour: list[Part]


def trades_by_part(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> TradesByPart:
    """Return what each symbol, strategy and direction amounts to, in one pass."""
    found = _parts(BY_PART, bot_ids, days)
    return TradesByPart(*(found[name] for name in TradesByPart._fields))


def trades_by_time(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> TradesByTime:
    """Return what each weekday and each hour of the day amounts to, in one pass."""
    found = _parts(BY_TIME, bot_ids, days)
    return TradesByTime(*(found[name] for name in TradesByTime._fields))


def midnight(day: date) -> datetime:
    """Return the moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def _parts(
    statement: str, bot_ids: Collection[uuid.UUID], days: Days
) -> dict[str, list[Part]]:
    """Return the parts in order, by what tells them apart."""
    values = {
        "bots": list(bot_ids),
        "start": days.start or "-infinity",
        "end": days.end or "infinity",
    }
    found: dict[str, list[Part]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for name, *figures in cursor:
            found[name].append(Part(*figures))
    # Sorted here: PostgreSQL, asked for an order, sorts the rows and not the few sums.
    for parts in found.values():
        parts.sort(key=lambda part: (part.currency, part.key))
    return found
