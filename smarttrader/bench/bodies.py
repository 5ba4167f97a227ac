"""What the measured EA sends, and the same rows as lines of COPY."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from smarttrader.lib.ids import derived_uuid7
from trading.models import Trade, trade_id

TICK_COLUMNS = (
    "id, trade_id, current_price, unrealized_profit, recorded_at, trade_opened_at"
)
TRADE_COLUMNS = (
    "id, bot_instance_id, ticket_number, symbol, trade_type, lot_size, open_price,"
    " close_price, profit, commission, status, opened_at, closed_at, duration_seconds"
)
A_SECOND = timedelta(seconds=1)
HEARTBEAT = {
    "status": "running",
    "balance": 10250.75,
    "equity": 10310.20,
    "open_trades": 3,
    "heartbeat_message": "",
}
PRICE, PROFIT = Decimal("1.08512"), Decimal("6.20")
_numbers = count(1)


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def fresh_tickets(number: int) -> list[str]:
    """Return tickets that nobody has used in this run."""
    return [str(900_000_000 + next(_numbers)) for _ in range(number)]


def fresh_moments(number: int, until: datetime) -> list[datetime]:
    """Return moments, milliseconds apart, that nobody has used in this run."""
    return [until - timedelta(milliseconds=next(_numbers)) for _ in range(number)]


def told_trades(tickets: list[str], closed_at: datetime) -> list[dict[str, Any]]:
    """Return closed trades as an EA reports them."""
    return [
        {
            "ticket_number": ticket,
            "symbol": "EURUSD",
            "trade_type": "BUY",
            "lot_size": 0.10,
            "open_price": 1.08450,
            "close_price": 1.08512,
            "opened_at": f"{closed_at - A_SECOND * 600:%Y-%m-%dT%H:%M:%SZ}",
            "closed_at": f"{closed_at:%Y-%m-%dT%H:%M:%SZ}",
            "stop_loss": 1.08000,
            "take_profit": 1.09000,
            "commission": -0.70,
            "swap": 0,
            "profit": 6.20,
            "magic_number": 1001,
            "comment": "bench",
        }
        for ticket in tickets
    ]


def told_ticks(trade: Trade, moments: list[datetime]) -> list[dict[str, Any]]:
    return [
        {
            "ticket_number": trade.ticket_number,
            "current_price": 1.08512,
            "unrealized_profit": 6.20,
            "recorded_at": moment.isoformat(),
        }
        for moment in moments
    ]


def tick_lines(trade: Trade, moments: list[datetime]) -> str:
    return "".join(
        f"{derived_uuid7(moment, trade.pk.bytes)}\t{trade.pk}\t{PRICE}\t{PROFIT}\t"
        f"{moment}\t{trade.opened_at}\n"
        for moment in moments
    )


def trade_lines(
    bots_and_tickets: list[tuple[uuid.UUID, str]], closed_at: datetime
) -> str:
    return "".join(_trade_lines(bots_and_tickets, closed_at))


def _trade_lines(
    bots_and_tickets: list[tuple[uuid.UUID, str]], closed_at: datetime
) -> Iterator[str]:
    opened_at = closed_at - A_SECOND * 600
    for bot_id, ticket in bots_and_tickets:
        yield (
            f"{trade_id(bot_id, ticket, opened_at)}\t{bot_id}\t{ticket}\tEURUSD\tBUY"
            f"\t0.10\t1.08450\t{PRICE}\t{PROFIT}\t-0.70\tclosed\t{opened_at}\t{closed_at}\t600\n"
        )
