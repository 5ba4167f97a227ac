"""One trade as an EA tells it from open to close, with a tick and a line of its log."""

from datetime import timedelta
from typing import Any

from bots.models import BotLog
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory

# The doors read the real clock, and ticks older than a year are refused.
DAY = clock.now() - timedelta(days=21)
OPENED = f"{DAY:%Y.%m.%d} 10:00:00"
OPEN = {
    "ticket_number": 4711,
    "symbol": "EURUSD",
    "trade_type": 0,
    "lot_size": "0.10",
    "open_price": 1.1,
    "opened_at": OPENED,
}
CLOSE = {
    **OPEN,
    "close_price": 1.105,
    "closed_at": f"{DAY:%Y.%m.%d} 11:30:00",
    "profit": 50,
}
TICK = {
    "ticket_number": 4711,
    "current_price": 1.101,
    "unrealized_profit": "1.50",
    "recorded_at": f"{DAY:%Y.%m.%d} 10:05:00",
}
LOG = {
    "log_level": "INFO",
    "category": "TRADE",
    "message": "opened",
    "created_at": OPENED,
    "client_seq": 1,
}
LISTS = ("trades", "ticks", "logs")


def accepted(reply: dict[str, Any]) -> list[int]:
    return [reply[f"{name}_accepted"] for name in LISTS]


def stored() -> list[int]:
    return [model.objects.count() for model in (Trade, TradeHistory, BotLog)]
