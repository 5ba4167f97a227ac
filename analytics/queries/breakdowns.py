"""What tells trades apart: symbol, strategy, direction, weekday and hour of the day.

Read from daily sums and from metrics, never from trades: the cost grows with the days.
Days, weekdays and hours are UTC's; a trade belongs to the one in which it closed.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from analytics.models import DailyBreakdown, MetricType, PerformanceMetric
from smarttrader.lib.money import FOUR_PLACES, rounded

SUMS = (
    "total_trades",
    "winning_trades",
    "losing_trades",
    "gross_profit",
    "gross_loss",
    "volume",
)


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


def trades_by_symbol(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> list[Part]:
    """Return what each symbol amounts to, by currency and symbol."""
    return _parts(_daily_breakdowns(bot_ids, days), F("symbol"))


def trades_by_strategy(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> list[Part]:
    """Return what each strategy amounts to, by currency and strategy."""
    return _parts(_daily_breakdowns(bot_ids, days), F("strategy"))


def trades_by_direction(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> list[Part]:
    """Return what long and short trades amount to, by currency."""
    return _parts(_daily_breakdowns(bot_ids, days), F("trade_type"))


def trades_by_weekday(
    bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS
) -> list[Part]:
    """Return what each weekday amounts to, by currency, from Monday."""
    rows = _metrics(bot_ids, days, MetricType.DAILY)
    return _parts(rows, ExtractIsoWeekDay("period_start", tzinfo=UTC))


def trades_by_hour(bot_ids: Collection[uuid.UUID], days: Days = ALL_DAYS) -> list[Part]:
    """Return what each hour of the day amounts to, by currency, from midnight."""
    rows = _metrics(bot_ids, days, MetricType.HOURLY)
    return _parts(rows, ExtractHour("period_start", tzinfo=UTC))


def _daily_breakdowns(
    bot_ids: Collection[uuid.UUID], days: Days
) -> QuerySet[DailyBreakdown]:
    rows = DailyBreakdown.objects.filter(bot_instance__in=bot_ids)
    if days.start:
        rows = rows.filter(closed_on__gte=days.start)
    if days.end:
        rows = rows.filter(closed_on__lt=days.end)
    return rows


def _metrics(
    bot_ids: Collection[uuid.UUID], days: Days, metric_type: MetricType
) -> QuerySet[PerformanceMetric]:
    rows = PerformanceMetric.objects.filter(
        bot_instance__in=bot_ids, metric_type=metric_type
    )
    if days.start:
        rows = rows.filter(period_start__gte=midnight(days.start))
    if days.end:
        rows = rows.filter(period_start__lt=midnight(days.end))
    return rows


def midnight(day: date) -> datetime:
    """Return the moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def _parts(rows: QuerySet[Any, Any], key: Combinable) -> list[Part]:
    currency = F("bot_instance__account_currency")
    sums = {f"sum_of_{name}": Sum(name) for name in SUMS}
    grouped = rows.order_by().values(currency=currency, key=key).annotate(**sums)
    parts = [Part(*row) for row in grouped.values_list("currency", "key", *sums)]
    # Sorted here: PostgreSQL, asked for an order, sorts the rows and not the few sums.
    return sorted(parts, key=lambda part: (part.currency, part.key))
