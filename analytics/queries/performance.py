"""What closed trades amount to: figures and curves, composed from the metrics."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import BigIntegerField, QuerySet, Sum
from django.db.models.functions import Cast, Extract

from analytics.models import MetricType, PerformanceMetric
from bots.models import BotInstance
from bots.queries import newest_of_bots
from smarttrader.lib.keyset import Place
from smarttrader.lib.money import CENT, rounded

ZERO, HUNDRED = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Performance:
    """Closed trades of all time, as docs/metrics.md defines each figure."""

    total_trades: int = 0
    winning_trades: int = 0
    gross_profit: Decimal = ZERO
    gross_loss: Decimal = ZERO
    max_drawdown: Decimal = ZERO

    @property
    def net_profit(self) -> Decimal:
        return self.gross_profit - self.gross_loss

    @property
    def win_rate(self) -> Decimal:
        return self.winning_trades * HUNDRED / (self.total_trades or 1)

    @property
    def profit_factor(self) -> Decimal | None:
        """None without a loss: the page says so in words."""
        if not self.gross_loss:
            return None
        return rounded(self.gross_profit / self.gross_loss, CENT)

    @property
    def expectancy(self) -> Decimal:
        """Net profit per trade."""
        return self.net_profit / (self.total_trades or 1)


class CurvePoint(NamedTuple):
    """Where the closed trades of all hours up to the end of this one stand.

    A tuple, as a curve has tens of thousands.
    """

    hour: datetime
    trades: int  # that closed in this hour
    balance: Decimal  # cumulative closed net, from 0
    drawdown: Decimal  # below the highest balance so far, at least 0
    equity: Decimal | None = None  # where it is known: see analytics.queries.equity


@dataclass(frozen=True, slots=True)
class Day:
    """What the trades that closed on one UTC day amount to."""

    day: date
    trades: int = 0
    net: Decimal = ZERO


class _Month(NamedTuple):
    """What of a month's metrics makes a performance; the fields are columns."""

    total_trades: int
    winning_trades: int
    gross_profit: Decimal
    gross_loss: Decimal
    net_profit: Decimal
    max_drawdown: Decimal
    peak: Decimal
    trough: Decimal


def newest_metrics(
    bots: Sequence[BotInstance],
    matching: QuerySet[PerformanceMetric],
    *,
    limit: int,
    after: Place | None = None,
) -> list[PerformanceMetric]:
    """Return metrics of one type with their bots, by the start of the period.

    LATERAL reads a few rows per bot off the index (bot, type, start).
    """
    return newest_of_bots(bots, matching, "period_start", limit=limit, after=after)


def performance_by_bot(bot_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Performance]:
    """Return the figures of each bot that has closed a trade."""
    months = PerformanceMetric.objects.filter(
        bot_instance__in=bot_ids, metric_type=MetricType.MONTHLY
    ).order_by("bot_instance_id", "period_start")
    # No whole rows: to read their dates alone takes longer than these columns.
    figures = months.values_list("bot_instance_id", *_Month._fields)
    return {
        bot_id: _composed([_Month(*month) for _, *month in of_bot])
        for bot_id, of_bot in groupby(figures, key=itemgetter(0))
    }


def combined(parts: Sequence[Performance], max_drawdown: Decimal) -> Performance:
    """Return the figures of several bots in one currency.

    Combined curves add per hour; `max_drawdown` is that of their sum.
    """
    if len(parts) == 1:
        return parts[0]
    return Performance(
        total_trades=sum(part.total_trades for part in parts),
        winning_trades=sum(part.winning_trades for part in parts),
        gross_profit=sum((part.gross_profit for part in parts), ZERO),
        gross_loss=sum((part.gross_loss for part in parts), ZERO),
        max_drawdown=max_drawdown,
    )


def balance_curve(
    bot_ids: Collection[uuid.UUID],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    opening: Decimal = ZERO,
) -> list[CurvePoint]:
    """Return the hours in which trades of these bots closed, added up, in order.

    From the hour `since` up to `until`, and it among them; `opening` was earned before.
    """
    hours = (
        _hours(bot_ids, since, until)
        # Seconds, as reading as many timestamps takes longer than all the rest.
        .values_list(Cast(Extract("period_start", "epoch"), BigIntegerField()))
        .annotate(net=Sum("net_profit"), trades=Sum("total_trades"))
        .order_by("period_start")
    )
    balance, peak, curve = opening, opening, []
    for seconds, net, trades in hours:
        balance += net
        peak = max(peak, balance)
        hour = datetime.fromtimestamp(seconds, UTC)
        curve.append(CurvePoint(hour, trades, balance, peak - balance))
    return curve


def _hours(
    bot_ids: Collection[uuid.UUID], since: datetime | None, until: datetime | None
) -> QuerySet[PerformanceMetric]:
    rows = PerformanceMetric.objects.filter(
        bot_instance__in=bot_ids, metric_type=MetricType.HOURLY
    )
    if since:
        rows = rows.filter(period_start__gte=since)
    return rows.filter(period_start__lte=until) if until else rows


def deepest_drawdown(
    curve: Sequence[CurvePoint], start: datetime | None, end: datetime | None
) -> Decimal:
    """Return the deepest fall of the curve between two moments, from its peak there."""
    balance, peak, deepest = ZERO, None, ZERO
    for point in curve:
        if end and point.hour >= end:
            break
        if not start or point.hour >= start:
            # What was reached before is where the curve of these moments begins.
            peak = max(balance if peak is None else peak, point.balance)
            deepest = max(deepest, peak - point.balance)
        balance = point.balance
    return deepest


def last_days(curve: list[CurvePoint], count: int, now: datetime) -> list[Day]:
    """Return the last UTC days of a curve up to today, days without trades included."""
    today = now.astimezone(UTC).date()
    days = {
        day: Day(day)
        for day in (today - timedelta(days=back) for back in reversed(range(count)))
    }
    for index in reversed(range(len(curve))):
        point = curve[index]
        day = point.hour.astimezone(UTC).date()
        if day < today - timedelta(days=count - 1):
            break
        if day in days:
            before = curve[index - 1].balance if index else ZERO
            known = days[day]
            days[day] = Day(
                day,
                known.trades + point.trades,
                known.net + point.balance - before,
            )
    return list(days.values())


def _composed(months: Sequence[_Month]) -> Performance:
    """Return the figures over all months: sums add, drawdown reaches across months."""
    drawdown, peak, net = ZERO, ZERO, ZERO
    for month in months:
        drawdown = max(drawdown, month.max_drawdown, peak - (net + month.trough))
        peak = max(peak, net + month.peak)
        net += month.net_profit
    return Performance(
        total_trades=sum(month.total_trades for month in months),
        winning_trades=sum(month.winning_trades for month in months),
        gross_profit=sum((month.gross_profit for month in months), ZERO),
        gross_loss=sum((month.gross_loss for month in months), ZERO),
        max_drawdown=drawdown,
    )
