"""Requests as different EAs write them: JSON or form, broker time or ISO 8601."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from smarttrader.simulation.market import SYMBOLS
from smarttrader.simulation.strategy import Ticket, Trader

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MT4_TIME = "%Y.%m.%d %H:%M:%S"
NEVER = "1970.01.01 00:00"  # what OrderCloseTime() gives for an open order


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an EA writes. A form holds one object: lists are JSON in each dialect."""

    utc_offset_minutes: int = 0
    is_broker_time: bool = False
    is_form: bool = False
    has_trailing_nul: bool = False  # as StringToCharArray sends it

    def moment(self, at: datetime) -> str:
        if not self.is_broker_time:
            return at.isoformat()
        return (at + timedelta(minutes=self.utc_offset_minutes)).strftime(MT4_TIME)

    def encode(self, fields: Any) -> tuple[bytes, str]:
        """Return a body and its Content-Type."""
        if self.is_form and not any(isinstance(v, list) for v in fields.values()):
            text, content_type = urlencode(fields), FORM
        else:
            text, content_type = json.dumps(fields), JSON
        return (text + "\0" * self.has_trailing_nul).encode(), content_type

    def trade(self, trader: Trader, ticket: Ticket, at: datetime) -> dict[str, Any]:
        """Return what an EA tells of a ticket at a moment."""
        digits = SYMBOLS[ticket.symbol].digits
        is_closed = ticket.closed_at <= at
        told: dict[str, Any] = {
            "ticket_number": ticket.number,
            "symbol": ticket.symbol,
            "trade_type": "OP_BUY" if ticket.is_buy else "OP_SELL",
            "lot_size": str(ticket.lots if is_closed else ticket.opened_lots),
            "open_price": f"{ticket.open_price:.{digits}f}",
            "opened_at": self.moment(ticket.opened_at),
            "stop_loss": f"{ticket.stop_loss:.{digits}f}",
            "take_profit": f"{ticket.take_profit:.{digits}f}",
            "magic_number": ticket.magic_number,
            "strategy_used": ticket.strategy,
            "commission": str(ticket.commission),
        }
        if is_closed:
            return told | {
                "close_price": f"{ticket.close_price:.{digits}f}",
                "closed_at": self.moment(ticket.closed_at),
                "profit": str(ticket.profit),
                "swap": str(ticket.swap),
                "comment": ticket.closing_comment,
                "status": "closed",
            }
        return told | {
            "close_price": f"{trader.price(ticket, at):.{digits}f}",
            "closed_at": NEVER if self.is_broker_time else "",
            "profit": str(trader.floating(ticket, at)),
            "comment": ticket.comment,
            "status": "open",
        }

    def tick(self, trader: Trader, ticket: Ticket, at: datetime) -> dict[str, Any]:
        digits = SYMBOLS[ticket.symbol].digits
        return {
            "ticket_number": str(ticket.number),
            "current_price": f"{trader.price(ticket, at):.{digits}f}",
            "unrealized_profit": str(trader.floating(ticket, at)),
            "recorded_at": self.moment(at),
        }

    def heartbeat(
        self, *, status: str, balance: Decimal, equity: Decimal, open_trades: int
    ) -> dict[str, Any]:
        return {
            "status": status,
            "balance": str(balance),
            "equity": str(equity),
            "open_trades": open_trades,
            "utc_offset_minutes": self.utc_offset_minutes,
        }


DIALECTS = (
    {"is_broker_time": False},
    {"is_broker_time": True, "has_trailing_nul": True},
    {"is_broker_time": True, "is_form": True},
)


def dialect_of(place: int, utc_offset_minutes: int) -> Dialect:
    """Return the dialect of the bot at a place in the list: they take turns."""
    return Dialect(utc_offset_minutes, **DIALECTS[place % len(DIALECTS)])
