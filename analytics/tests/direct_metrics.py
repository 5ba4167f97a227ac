"""The definitions of docs/metrics.md, computed a second time, in plain Python."""

import itertools
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from analytics.models import PerformanceMetric
from trading.models import Trade, TradeStatus

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIGURES = (
    "total_trades",
    "winning_trades",
    "losing_trades",
    "gross_profit",
    "gross_loss",
    "net_profit",
    "win_rate",
    "profit_factor",
    "max_drawdown",
    "avg_win",
    "avg_loss",
    "largest_win",
    "largest_loss",
    "sharpe_ratio",
)
Rows = dict[tuple[Any, str, datetime], tuple[Any, ...]]


def stored_rows() -> Rows:
    return {
        (metric.bot_instance_id, metric.metric_type, metric.period_start): tuple(
            getattr(metric, name) for name in ("period_end", *FIGURES)
        )
        for metric in PerformanceMetric.objects.all()
    }


def direct_rows() -> Rows:
    """Compute every row from the trades, by the text of docs/metrics.md."""
    periods: dict[tuple[Any, str, datetime, datetime], list[Trade]] = defaultdict(list)
    for trade in Trade.objects.filter(status=TradeStatus.CLOSED):
        assert trade.closed_at
        for kind, start, end in _periods(trade.closed_at):
            periods[trade.bot_instance_id, kind, start, end].append(trade)
    return {
        (bot_id, kind, start): (end, *_figures(trades))
        for (bot_id, kind, start, end), trades in periods.items()
    }


def _periods(moment: datetime) -> list[tuple[str, datetime, datetime]]:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    week = day - day.weekday() * DAY
    month = day.replace(day=1)
    return [
        ("hourly", hour, hour + HOUR),
        ("daily", day, day + DAY),
        ("weekly", week, week + 7 * DAY),
        ("monthly", month, (month + 32 * DAY).replace(day=1)),
    ]


def _figures(trades: list[Trade]) -> tuple[Any, ...]:
    nets = [trade.net_profit or Decimal(0) for trade in sorted(trades, key=_order)]
    wins, losses = [n for n in nets if n > 0], [-n for n in nets if n < 0]
    gain, loss = sum(wins, Decimal(0)), sum(losses, Decimal(0))
    running = list(itertools.accumulate(nets, initial=Decimal(0)))
    peaks = itertools.accumulate(running, max)
    fall = max(peak - value for peak, value in zip(peaks, running, strict=True))
    return (
        len(nets),
        len(wins),
        len(losses),
        gain,
        loss,
        gain - loss,
        _rounded(Decimal(100 * len(wins)) / len(nets), 2),
        _rounded(min(gain / loss, Decimal("999999.9999")), 4) if loss else Decimal(0),
        _clamped(fall),
        _clamped(gain / len(wins)) if wins else Decimal(0),
        _clamped(loss / len(losses)) if losses else Decimal(0),
        _clamped(max(wins, default=Decimal(0))),
        _clamped(max(losses, default=Decimal(0))),
        _sharpe(nets),
    )


def _order(trade: Trade) -> tuple[Any, ...]:
    assert trade.closed_at
    ticket = trade.ticket_number
    number = int(ticket) if ticket.isdigit() else float("inf")
    return trade.closed_at, number, ticket


def _sharpe(nets: list[Decimal]) -> Decimal | None:
    with localcontext() as context:
        context.prec = 60
        mean = sum(nets, Decimal(0)) / len(nets)
        if len(nets) < 2 or len(set(nets)) == 1:
            return None
        squares = sum(((net - mean) ** 2 for net in nets), Decimal(0))
        ratio = mean / (squares / (len(nets) - 1)).sqrt()
        limit = Decimal("999999.9999")
        return _rounded(min(max(ratio, -limit), limit), 4)


def _clamped(amount: Decimal) -> Decimal:
    return min(_rounded(amount, 2), Decimal("99999999.99"))


def _rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
