"""Recording trades, as often and in whichever order they are reported."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import logs as bot_logs
from smarttrader.jobs.partitions import TRADES, write_to_partitions
from trading.models import TradeStatus, TradeType, trade_id

SQL = Path(__file__).parent.parent / "sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeReport:
    """What an EA or a statement says of one ticket. Times are UTC; costs are negative.

    A closed trade has close_price, closed_at and profit. `profit` is MetaTrader's,
    without commission and swap. None is not told and keeps what is stored; a stop_loss
    or take_profit of 0 is none.
    """

    ticket_number: str
    symbol: str
    trade_type: TradeType
    lot_size: Decimal
    open_price: Decimal
    opened_at: datetime
    status: TradeStatus = TradeStatus.OPEN
    close_price: Decimal | None = None
    closed_at: datetime | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    commission: Decimal | None = None
    swap: Decimal | None = None
    profit: Decimal | None = None
    profit_percentage: Decimal | None = None
    strategy_used: str | None = None
    magic_number: int | None = None
    comment: str = ""
    continued_from: str | None = None

    @property
    def is_telling_all(self) -> bool:
        """Whether nothing has to be filled in from what is stored."""
        figures = (self.stop_loss, self.take_profit, self.commission, self.swap)
        return None not in figures


@dataclass(frozen=True, slots=True)
class RecordedTrades:
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "RecordedTrades") -> "RecordedTrades":
        return RecordedTrades(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


def record_trades(
    *, bot: BotInstance, reports: Sequence[TradeReport], now: datetime
) -> RecordedTrades:
    """Record what is reported of a bot's trades: one row per ticket, in any order.

    Any number of retries, in any concurrency, gives the same rows. An open trade
    follows its latest report; a closed one keeps its figures, and the first later
    report with other figures leaves one WARNING log per ticket for ever. All or
    nothing. Locks the trades in the order of their tickets, and makes missing
    partitions. Raises OutsidePartitions for a trade opened before the year 2000.
    """

    def write() -> RecordedTrades:
        return sum(
            (_record_round(bot, batch, now) for batch in _rounds(reports)),
            start=RecordedTrades(),
        )

    moments = [report.opened_at for report in reports]
    return write_to_partitions(TRADES, moments, write, now=now)


def _rounds(reports: Iterable[TradeReport]) -> list[list[TradeReport]]:
    """Part the reports so that no ticket is twice in a round, keeping their order.

    Each round is sorted by ticket: two calls that lock in one order cannot deadlock.
    """
    rounds: list[list[TradeReport]] = []
    seen: dict[str, int] = defaultdict(int)
    for report in reports:
        turn = seen[report.ticket_number]
        seen[report.ticket_number] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(report)
    return [sorted(batch, key=lambda report: report.ticket_number) for batch in rounds]


def _record_round(
    bot: BotInstance, reports: list[TradeReport], now: datetime
) -> RecordedTrades:
    columns: dict[str, Any] = {
        field.name: [getattr(report, field.name) for report in reports]
        for field in fields(TradeReport)
    }
    columns["trade_id"] = _trade_ids(bot.pk, reports)
    columns |= {"bot_instance_id": bot.pk, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_statement("claim_tickets"), columns)
        if not all(report.is_telling_all for report in reports):
            cursor.execute(_statement("lock_tickets"), columns)
        cursor.execute(_statement("upsert_trades"), columns)
        written = [is_created for (is_created,) in cursor.fetchall()]
    recorded = RecordedTrades(
        created=sum(written),
        updated=len(written) - sum(written),
        unchanged=len(reports) - len(written),
    )
    if recorded.unchanged:
        _warn_of_disputes(bot, columns, now)
    return recorded


def _trade_ids(bot_id: uuid.UUID, reports: list[TradeReport]) -> list[uuid.UUID]:
    return [trade_id(bot_id, each.ticket_number, each.opened_at) for each in reports]


def _warn_of_disputes(bot: BotInstance, columns: dict[str, Any], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_statement("dispute_tickets"), columns)
        disputes = cursor.fetchall()
    bot_logs.write_logs(
        bot=bot,
        logs=[
            bot_logs.LogLine(
                level=LogLevel.WARNING,
                category=LogCategory.TRADE,
                message=(
                    f"Trade {ticket} was reported again with other figures"
                    f" (profit {reported}, stored {stored}). The first report stands."
                ),
            )
            for ticket, reported, stored in disputes
        ],
        now=now,
    )


@cache
def _statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
