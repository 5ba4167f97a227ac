"""What closed trades amount to day by day, and over periods made of whole days.

Days, weeks and months are UTC's; a trade belongs to the one in which it closed.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Min, QuerySet, Sum

from analytics.models import MetricType, PerformanceMetric, RollupDirty
from analytics.queries.breakdowns import Days, midnight
from analytics.queries.performance import ZERO, Day
from bots.queries import of_bot_in_turn, of_each_bot
from smarttrader.lib.money import FOUR_PLACES, rounded

SUMS = (
    "total_trades",
    "winning_trades",
    "losing_trades",
    "gross_profit",
    "gross_loss",
    "net_profit",
    "sum_of_squares",
    "volume",
)
LARGEST = ("largest_win", "largest_loss", "max_drawdown", "peak")
SMALLEST = ("trough", "first_opened_at")
AN_HOUR, A_ROLL_UP = timedelta(hours=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Figures:
    """Closed trades of some bots in one currency, as docs/metrics.md defines each.

    `max_drawdown`, `peak` and `trough` are of one bot only: those of several have no
    order among their trades, and the curve tells theirs.
    """

    total_trades: int = 0
    winning_trades: int = 0
    losing_trades: int = 0
    gross_profit: Decimal = ZERO
    gross_loss: Decimal = ZERO
    net_profit: Decimal = ZERO
    sum_of_squares: Decimal = ZERO
    volume: Decimal = ZERO
    largest_win: Decimal = ZERO
    largest_loss: Decimal = ZERO
    max_drawdown: Decimal = ZERO
    peak: Decimal = ZERO
    trough: Decimal = ZERO
    first_opened_at: datetime | None = None

    @property
    def break_even_trades(self) -> int:
        return self.total_trades - self.winning_trades - self.losing_trades

    @property
    def win_rate(self) -> Decimal | None:
        """In percent; None without a trade."""
        if not self.total_trades:
            return None
        return Decimal(100) * self.winning_trades / self.total_trades

    @property
    def profit_factor(self) -> Decimal | None:
        """None without a loss."""
        if not self.gross_loss:
            return None
        return rounded(self.gross_profit / self.gross_loss, FOUR_PLACES)

    @property
    def expectancy(self) -> Decimal | None:
        """Net profit per trade; None without one."""
        return self.net_profit / self.total_trades if self.total_trades else None

    @property
    def average_win(self) -> Decimal:
        return self.gross_profit / (self.winning_trades or 1)

    @property
    def average_loss(self) -> Decimal:
        return self.gross_loss / (self.losing_trades or 1)

    @property
    def sharpe_ratio(self) -> Decimal | None:
        """S / sqrt(n (n Q - S * S) / (n - 1)); None where that is not defined."""
        n, total = self.total_trades, self.net_profit
        spread = n * (n * self.sum_of_squares - total * total)
        if n < 2 or spread <= 0:  # noqa: PLR2004 -- one trade has no deviation
            return None
        return rounded(total / (spread / (n - 1)).sqrt(), FOUR_PLACES)

    def sortino_ratio(self, squared_losses: Decimal) -> Decimal | None:
        """Mean(net) / sqrt(mean(min(net, 0) ^ 2)), by the sum of the squared losses."""
        if not squared_losses or not self.total_trades:
            return None
        downside = (squared_losses / self.total_trades).sqrt()
        return rounded(self.net_profit / self.total_trades / downside, FOUR_PLACES)


@dataclass(frozen=True, slots=True)
class Period:
    """What the trades that closed in one hour, day, week or month amount to."""

    start: datetime
    figures: Figures


def periods_of_days(bot_ids: Collection[uuid.UUID], days: Days) -> list[Period]:
    """Return each UTC day on which trades closed, the bots added up, in order."""
    rows = _metrics(bot_ids, MetricType.DAILY)
    if days.start:
        rows = rows.filter(period_start__gte=midnight(days.start))
    if days.end:
        rows = rows.filter(period_start__lt=midnight(days.end))
    return _added_up(rows)


def newest_periods(
    bot_ids: Collection[uuid.UUID],
    metric_type: MetricType,
    *,
    limit: int,
    before: datetime | None = None,
) -> list[Period]:
    """Return the periods of one type in which trades closed, newest first.

    Their starts are found first, a few per bot, off the index (bot, type, start): to
    group all hours of all bots would read all of them.
    """
    rows = _metrics(bot_ids, metric_type)
    if before:
        rows = rows.filter(period_start__lt=before)
    newest = of_bot_in_turn(rows).order_by("-period_start").values("period_start")
    source, parameters = of_each_bot(bot_ids, newest[:limit])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(start) FROM (SELECT DISTINCT found.period_start AS start"  # noqa: S608
            f" FROM {source} ORDER BY 1 DESC LIMIT %s) newest",
            [*parameters, limit],
        )
        (first,) = cursor.fetchone()
    if first is None:
        return []
    return _added_up(rows.filter(period_start__gte=first))[::-1]


def days_of_year(bot_ids: Collection[uuid.UUID], year: int) -> list[Day]:
    """Return the UTC days of a year on which trades closed, in order."""
    rows = _metrics(bot_ids, MetricType.DAILY).filter(
        period_start__gte=midnight(date(year, 1, 1)),
        period_start__lt=midnight(date(year + 1, 1, 1)),
    )
    # No more than two sums: a calendar has no use for the others.
    sums = rows.values_list("period_start").annotate(
        trades=Sum("total_trades"), net=Sum("net_profit")
    )
    return [
        Day(start.astimezone(UTC).date(), trades, net)
        for start, trades, net in sums.order_by("period_start")
    ]


def composed(periods: Sequence[Period]) -> Figures:
    """Return the figures over periods that are in order.

    Sums add; the drawdown, which is that of one bot, reaches across periods.
    """
    parts = [each.figures for each in periods]
    drawdown, peak, net = ZERO, ZERO, ZERO
    for part in parts:
        drawdown = max(drawdown, part.max_drawdown, peak - (net + part.trough))
        peak = max(peak, net + part.peak)
        net += part.net_profit
    sums: dict[str, Any] = {
        name: sum((getattr(part, name) for part in parts), 0) for name in SUMS
    }
    largest: dict[str, Any] = {
        name: max((getattr(part, name) for part in parts), default=ZERO)
        for name in ("largest_win", "largest_loss")
    }
    opened = [part.first_opened_at for part in parts]
    return Figures(
        **sums, **largest, max_drawdown=drawdown, first_opened_at=_first(opened)
    )


def is_behind(bot_ids: Collection[uuid.UUID], now: datetime) -> bool:
    """Tell whether trades wait to be added up for longer than a roll-up may take."""
    return RollupDirty.objects.filter(
        bot_instance__in=bot_ids, hour_start__lt=now - AN_HOUR - A_ROLL_UP
    ).exists()


def _metrics(
    bot_ids: Collection[uuid.UUID], metric_type: MetricType
) -> QuerySet[PerformanceMetric]:
    return PerformanceMetric.objects.filter(
        bot_instance__in=bot_ids, metric_type=metric_type
    )


def _added_up(rows: QuerySet[PerformanceMetric]) -> list[Period]:
    """Add up the bots of each period, in order."""
    sums = {
        **{name: Sum(name) for name in SUMS},
        **{name: Max(name) for name in LARGEST},
        **{name: Min(name) for name in SMALLEST},
    }
    # Under other names: an annotation must not hide a column.
    told = {f"of_all_{name}": function for name, function in sums.items()}
    grouped = rows.order_by("period_start").values("period_start").annotate(**told)
    return [
        Period(start, Figures(*figures))
        for start, *figures in grouped.values_list("period_start", *told)
    ]


def _first(moments: Sequence[datetime | None]) -> datetime | None:
    """Return the first moment; None where one of them is not known."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None
