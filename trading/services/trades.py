"""Recording trades, as often and in whichever order they are reported."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec
from django.db import connection

from bots.models import BotInstance, LogCategory, LogLevel
from bots.services import logs as bot_logs
from smarttrader.jobs.partitions import BOT_LOGS, TRADES, write_to_partitions
from trading.models import TradeStatus, TradeType
from trading.services.tickets import (
    Held,
    hold_tickets,
    months_of,
    settled_tickets,
    statement,
)
from trading.signals import trades_turned

# A digest stands for what the rules have made of a report: new rules, a new number.
RULES = b"trades-1"


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
    def digest(self) -> bytes | None:
        """Return what tells this report of an ended trade from all others, or None.

        Of an open trade it would not do: the next report may come back to this one.
        """
        if self.status == TradeStatus.OPEN:
            return None
        told = msgspec.msgpack.encode(self)
        return blake2b(told, digest_size=16, person=RULES).digest()


@dataclass(frozen=True, slots=True)
class RecordedTrades:
    """How many reports had which effect; the tickets `unknown` are not stored.

    `turned` are those that opened or ended a trade.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    unknown: frozenset[str] = frozenset()
    turned: tuple[TradeReport, ...] = field(default=(), compare=False)

    def __add__(self, other: "RecordedTrades") -> "RecordedTrades":
        return RecordedTrades(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.unknown | other.unknown,
            self.turned + other.turned,
        )


def record_trades(
    *,
    bot: BotInstance,
    reports: Sequence[TradeReport],
    now: datetime,
    is_licensed: bool = True,
) -> RecordedTrades:
    """Record what is reported of a bot's trades: one row per ticket, in any order.

    Any number of retries, in any concurrency, gives the same rows. An open trade
    follows its latest report; a closed one keeps its figures, and the first later
    report with other figures leaves one WARNING log per ticket for ever. All or
    nothing. Without a license open trades are followed, closed ones stay as they are,
    and new tickets are left out and returned as `unknown`. Locks the tickets in their
    order, and makes missing partitions. Raises OutsidePartitions for a trade opened
    before the year 2000. Announces trades_turned.
    """

    def write() -> RecordedTrades:
        recorded = write_trades(
            bot=bot, reports=reports, now=now, is_licensed=is_licensed
        )
        announce(bot, recorded, now)
        return recorded

    return write_to_partitions(
        {TRADES: [report.opened_at for report in reports], BOT_LOGS: [now]},
        write,
        now=now,
    )


def announce(bot: BotInstance, recorded: RecordedTrades, now: datetime) -> None:
    """Announce the trades that an EA opened or ended, if there are any."""
    if recorded.turned:
        trades_turned.send(
            sender=BotInstance, bot=bot, reports=recorded.turned, now=now
        )


def write_trades(
    *,
    bot: BotInstance,
    reports: Sequence[TradeReport],
    now: datetime,
    is_licensed: bool = True,
) -> RecordedTrades:
    """Record trades as `record_trades` does, within the caller's transaction.

    The caller has made the partitions, also that of bot_logs, and holds no tickets yet.
    """
    news, settled = without_settled(bot, reports)
    tickets = [report.ticket_number for report in news]
    held = (
        hold_tickets(bot=bot, claims=news)
        if is_licensed
        else hold_tickets(bot=bot, others=tickets)
    )
    return settled + write_held_trades(
        bot=bot, reports=news, held=held, now=now, is_licensed=is_licensed
    )


def without_settled(
    bot: BotInstance, reports: Sequence[TradeReport]
) -> tuple[list[TradeReport], RecordedTrades]:
    """Return the reports that may change something, and what became of the others.

    An EA that starts again sends its whole history: nearly all of it is known by its
    digest. What a call tells twice of a ticket is looked at, in its order.
    """
    times = Counter(report.ticket_number for report in reports)
    settled = settled_tickets(
        bot=bot, claims=[each for each in reports if times[each.ticket_number] == 1]
    )
    news = [report for report in reports if report.ticket_number not in settled]
    return news, RecordedTrades(unchanged=len(settled))


def write_held_trades(
    *,
    bot: BotInstance,
    reports: Sequence[TradeReport],
    held: Held,
    now: datetime,
    is_licensed: bool = True,
) -> RecordedTrades:
    """Record trades of tickets that the caller's transaction holds.

    Reports of other tickets are left out. One statement, and one more for each time
    that a ticket comes again in the same call.
    """
    known = [report for report in reports if report.ticket_number in held]
    recorded = RecordedTrades(
        unknown=frozenset(report.ticket_number for report in reports) - set(held)
    )
    for batch in _rounds(known):
        recorded += _record_round(bot, batch, held, now, is_licensed)
    ended = [report for report in known if report.status != TradeStatus.OPEN]
    if recorded.unchanged and ended:
        _warn_of_disputes(bot, ended, held, now)
    return recorded


def _rounds(reports: Iterable[TradeReport]) -> list[list[TradeReport]]:
    """Part the reports so that no ticket is twice in a round, keeping their order."""
    rounds: list[list[TradeReport]] = []
    seen: dict[str, int] = defaultdict(int)
    for report in reports:
        turn = seen[report.ticket_number]
        seen[report.ticket_number] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(report)
    return rounds


def _record_round(
    bot: BotInstance,
    reports: list[TradeReport],
    held: Held,
    now: datetime,
    is_licensed: bool,  # noqa: FBT001 -- named where it comes from
) -> RecordedTrades:
    columns = _columns(bot, reports, held, now) | {"is_licensed": is_licensed}
    with connection.cursor() as cursor:
        cursor.execute(statement("upsert_trades"), columns)
        written = cursor.fetchall()
    created = sum(is_created for is_created, _turned in written)
    turned = {ticket for _is_created, ticket in written}
    return RecordedTrades(
        created=created,
        updated=len(written) - created,
        unchanged=len(reports) - len(written),
        turned=tuple(each for each in reports if each.ticket_number in turned),
    )


def _columns(
    bot: BotInstance, reports: list[TradeReport], held: Held, now: datetime
) -> dict[str, Any]:
    columns: dict[str, Any] = {
        field.name: [getattr(report, field.name) for report in reports]
        for field in fields(TradeReport)
    }
    columns["report_digest"] = [report.digest for report in reports]
    bounds = months_of(held, columns["ticket_number"])
    return columns | bounds | {"bot_instance_id": bot.pk, "now": now}


def _dispute(ticket: str, reported: str, stored: str) -> bot_logs.LogLine:
    """Return the warning that names each figure that was told differently."""
    told, stands = (json.loads(text, parse_float=str) for text in (reported, stored))
    figures = {
        name: {"reported": str(told[name]), "stored": str(stands[name])}
        for name in stands
        if told[name] != stands[name]
    }
    named = ", ".join(
        f"{name} {each['reported']}, stored {each['stored']}"
        for name, each in figures.items()
    )
    return bot_logs.LogLine(
        level=LogLevel.WARNING,
        category=LogCategory.TRADE,
        message=(
            f"Trade {ticket} was reported again with other figures ({named})."
            " The first report stands."
        ),
        metadata={"ticket_number": ticket, "figures": figures},
    )


def _warn_of_disputes(
    bot: BotInstance, reports: list[TradeReport], held: Held, now: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement("dispute_tickets"), _columns(bot, reports, held, now))
        disputes = cursor.fetchall()
    bot_logs.write_logs(
        bot=bot,
        logs=[
            _dispute(ticket, reported, stored) for ticket, reported, stored in disputes
        ],
        now=now,
    )
