"""What the pages of analytics show."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, QuerySet, Sum

from accounts.models import User
from analytics.models import MetricType, PerformanceMetric
from bots.models import BotInstance
from smarttrader.lib.money import CENT, rounded
from trading.models import StatementImport, Trade, TradeStatus

LATEST_TRADES = 10
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


@dataclass(frozen=True, slots=True)
class BotPerformance:
    bot: BotInstance
    performance: Performance


@dataclass(frozen=True, slots=True)
class CurvePoint:
    hour: datetime
    balance: Decimal  # cumulative closed net, from 0


@dataclass(frozen=True, slots=True)
class CurrencyOverview:
    """Everything in one currency: accounts in different ones are never added up."""

    currency: str
    performance: Performance
    bots: list[BotPerformance]
    curve: list[CurvePoint]
    latest_trades: list[Trade]


def currencies(user: User) -> list[str]:
    """Return the currencies of a user's accounts, the busiest first."""
    bots = BotInstance.objects.filter(user=user).values("account_currency")
    ordered = bots.annotate(busiest=Max("metrics__period_end")).order_by(
        "-busiest", "account_currency"
    )
    return [row["account_currency"] for row in ordered]


def currency_overview(user: User, currency: str) -> CurrencyOverview:
    """Return what the overview shows of a user's accounts in one currency."""
    bots = list(
        BotInstance.objects.filter(user=user, account_currency=currency).order_by(
            "instance_name", "id"
        )
    )
    by_bot = _performance_by_bot([bot.pk for bot in bots])
    curve = _balance_curve([bot.pk for bot in bots])
    return CurrencyOverview(
        currency=currency,
        performance=_combined(list(by_bot.values()), curve),
        bots=[BotPerformance(bot, by_bot.get(bot.pk, Performance())) for bot in bots],
        curve=curve,
        latest_trades=_latest_trades(bots),
    )


def statement_imports(user: User) -> QuerySet[StatementImport]:
    """Return a user's imports with their checks and bots, the newest first."""
    return (
        StatementImport.objects.filter(user=user)
        .select_related("bot_instance", "check_result")
        .order_by("-created_at", "-id")
    )


def _performance_by_bot(bot_ids: list[uuid.UUID]) -> dict[uuid.UUID, Performance]:
    months = (
        PerformanceMetric.objects.filter(
            bot_instance__in=bot_ids, metric_type=MetricType.MONTHLY
        )
        .order_by("bot_instance_id", "period_start")
        .iterator()
    )
    by_bot: dict[uuid.UUID, list[PerformanceMetric]] = {}
    for month in months:
        by_bot.setdefault(month.bot_instance_id, []).append(month)
    return {bot_id: _composed(parts) for bot_id, parts in by_bot.items()}


def _composed(months: Sequence[PerformanceMetric]) -> Performance:
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


def _combined(parts: list[Performance], curve: list[CurvePoint]) -> Performance:
    if len(parts) == 1:
        return parts[0]
    # Combined curves add per hour; the drawdown is that of the sum.
    peak, drawdown = ZERO, ZERO
    for point in curve:
        peak = max(peak, point.balance)
        drawdown = max(drawdown, peak - point.balance)
    return Performance(
        total_trades=sum(part.total_trades for part in parts),
        winning_trades=sum(part.winning_trades for part in parts),
        gross_profit=sum((part.gross_profit for part in parts), ZERO),
        gross_loss=sum((part.gross_loss for part in parts), ZERO),
        max_drawdown=drawdown,
    )


def _balance_curve(bot_ids: list[uuid.UUID]) -> list[CurvePoint]:
    hours = (
        PerformanceMetric.objects.filter(
            bot_instance__in=bot_ids, metric_type=MetricType.HOURLY
        )
        .values_list("period_start")
        .annotate(net=Sum("net_profit"))
        .order_by("period_start")
    )
    balance, curve = ZERO, []
    for hour, net in hours:
        balance += net
        curve.append(CurvePoint(hour, balance))
    return curve


def _latest_trades(bots: list[BotInstance]) -> list[Trade]:
    """Return the trades that closed last, with their bots.

    LATERAL reads a few rows per bot off the index (bot, closed_at); one ORDER BY over
    all of a user's bots would sort all of their trades.
    """
    by_id = {bot.pk: bot for bot in bots}
    columns = ", ".join(f't."{field.column}"' for field in Trade._meta.fields)
    trades = list(
        Trade.objects.raw(
            # The only thing put into the text is this model's own column names.
            f"SELECT {columns} FROM unnest(%s::uuid[]) AS bot (id), LATERAL ("  # noqa: S608
            " SELECT * FROM trades WHERE bot_instance_id = bot.id AND status = %s"
            " ORDER BY closed_at DESC LIMIT %s) t"
            " ORDER BY t.closed_at DESC, t.id LIMIT %s",
            [list(by_id), TradeStatus.CLOSED, LATEST_TRADES, LATEST_TRADES],
        )
    )
    for trade in trades:
        trade.bot_instance = by_id[trade.bot_instance_id]
    return trades
