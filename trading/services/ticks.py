"""Recording the prices of trades while they were open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from bots.models import BotInstance
from smarttrader.jobs.partitions import TRADE_HISTORY, write_to_partitions
from smarttrader.lib.ids import derived_uuid7
from trading import queries
from trading.queries import KnownTrade
from trading.services.tickets import Held, hold_tickets, months_of, statement

A_DAY = timedelta(days=1)
RETENTION = timedelta(days=TRADE_HISTORY.retention_days or 0)


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
    the trade's life) or TOO_OLD (past the retention). Never alters a trade. Locks the
    tickets in their order, and makes missing partitions. May lose its last second in a
    database crash.
    """

    def write() -> RecordedTicks:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        return write_ticks(bot=bot, ticks=ticks, now=now)

    return write_to_partitions(
        {TRADE_HISTORY: tick_moments(ticks, now=now)}, write, now=now
    )


def tick_moments(ticks: Iterable[TickReport], *, now: datetime) -> list[datetime]:
    """Return the partition keys of ticks that are young enough to be stored."""
    oldest = now - RETENTION
    return [tick.recorded_at for tick in ticks if tick.recorded_at >= oldest]


def write_ticks(
    *, bot: BotInstance, ticks: Sequence[TickReport], now: datetime
) -> RecordedTicks:
    """Record ticks as `record_ticks` does, within the caller's transaction.

    The caller has made the partitions, and holds no tickets yet.
    """
    tickets = {tick.ticket_number for tick in ticks}
    held = hold_tickets(bot=bot, others=tickets)
    return write_held_ticks(bot=bot, ticks=ticks, held=held, now=now)


def write_held_ticks(
    *,
    bot: BotInstance,
    ticks: Sequence[TickReport],
    held: Held,
    now: datetime,
) -> RecordedTicks:
    """Record ticks of tickets that the caller's transaction holds.

    To other tickets it answers UNKNOWN_TICKET. The trades are read here, after they are
    locked: a close may have been waited for. Two statements.
    """
    tickets = held.keys() & {tick.ticket_number for tick in ticks}
    trades = (
        queries.known_trades(bot, tickets, **months_of(held, tickets))
        if tickets
        else {}
    )
    oldest = now - RETENTION
    refusals = {
        index: code
        for index, tick in enumerate(ticks)
        if (code := _refusal(tick, trades.get(tick.ticket_number), oldest))
    }
    taken = [tick for index, tick in enumerate(ticks) if index not in refusals]
    created = _insert(taken, trades) if taken else 0
    return RecordedTicks(created, len(taken) - created, refusals)


def _refusal(tick: TickReport, trade: KnownTrade | None, oldest: datetime) -> str:
    if trade is None:
        return "UNKNOWN_TICKET"
    if tick.recorded_at < oldest:
        return "TOO_OLD"
    latest = (trade.closed_at or tick.recorded_at) + A_DAY
    if not trade.opened_at - A_DAY <= tick.recorded_at <= latest:
        return "TICK_OUT_OF_RANGE"
    return ""


def _insert(ticks: Sequence[TickReport], trades: dict[str, KnownTrade]) -> int:
    owners = [trades[tick.ticket_number] for tick in ticks]
    columns: dict[str, Any] = {
        "id": [
            derived_uuid7(tick.recorded_at, owner.trade_id.bytes)
            for tick, owner in zip(ticks, owners, strict=True)
        ],
        "trade_id": [owner.trade_id for owner in owners],
        "opened_at": [owner.opened_at for owner in owners],
        "recorded_at": [tick.recorded_at for tick in ticks],
        "current_price": [tick.current_price for tick in ticks],
        "unrealized_profit": [tick.unrealized_profit for tick in ticks],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("insert_ticks"), columns)
        return int(cursor.rowcount)
