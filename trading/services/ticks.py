"""Recording the prices of trades while they were open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from bots.models import BotInstance
from smarttrader.jobs.partitions import TRADE_HISTORY, write_to_partitions
from smarttrader.lib.ids import derived_uuid7
from trading import queries
from trading.queries import KnownTrade

SQL = Path(__file__).parent.parent / "sql"
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """The price of a trade at a moment, UTC, and its floating profit or loss."""

    ticket_number: str
    current_price: Decimal
    unrealized_profit: Decimal
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedTicks:
    """How many were new; `refusals` tells by index why others were not taken."""

    created: int
    unchanged: int
    refusals: dict[int, str]


def record_ticks(
    *, bot: BotInstance, ticks: Sequence[TickReport], now: datetime
) -> RecordedTicks:
    """Record ticks of a bot's trades; those already stored count as unchanged.

    Refuses single ticks with UNKNOWN_TICKET, TICK_OUT_OF_RANGE (more than a day outside
    the trade's life) or TOO_OLD (past the retention). Never alters a trade. May lose
    its last second in a database crash.
    """
    trades = queries.known_trades(bot, {tick.ticket_number for tick in ticks})
    oldest = TRADE_HISTORY.earliest(now)
    refusals = {
        index: code
        for index, tick in enumerate(ticks)
        if (code := _refusal(tick, trades.get(tick.ticket_number), oldest))
    }
    rows = {
        (trades[tick.ticket_number].trade_id, tick.recorded_at): tick
        for index, tick in enumerate(ticks)
        if index not in refusals
    }
    columns: dict[str, Any] = {
        "id": [derived_uuid7(at, trade_id.bytes) for trade_id, at in rows],
        "trade_id": [trade_id for trade_id, _ in rows],
        "recorded_at": [at for _, at in rows],
        "opened_at": [trades[tick.ticket_number].opened_at for tick in rows.values()],
        "current_price": [tick.current_price for tick in rows.values()],
        "unrealized_profit": [tick.unrealized_profit for tick in rows.values()],
    }
    created = 0
    if rows:
        created = write_to_partitions(
            TRADE_HISTORY, columns["recorded_at"], lambda: _insert(columns), now=now
        )
    return RecordedTicks(created, len(ticks) - len(refusals) - created, refusals)


def _refusal(tick: TickReport, trade: KnownTrade | None, oldest: datetime) -> str:
    if trade is None:
        return "UNKNOWN_TICKET"
    if tick.recorded_at < oldest:
        return "TOO_OLD"
    latest = (trade.closed_at or tick.recorded_at) + A_DAY
    if not trade.opened_at - A_DAY <= tick.recorded_at <= latest:
        return "TICK_OUT_OF_RANGE"
    return ""


def _insert(columns: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute((SQL / "insert_ticks.sql").read_text(), columns)
        return int(cursor.rowcount)
