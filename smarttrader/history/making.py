"""Trades and ticks as lines of COPY, made up fast: whole numbers, no models.

Money is in cents, prices are in hundred-thousandths; PostgreSQL reads `123e-2` exactly.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from smarttrader.history.market import (
    LOTS,
    SECONDS_OF_A_DAY,
    STYLES,
    Style,
    Symbol,
    symbol_of,
)
from smarttrader.history.plan import Plan, Portion
from smarttrader.lib.ids import derived_uuid7
from trading.models import trade_id

TRADE_COLUMNS = (
    "id, bot_instance_id, ticket_number, symbol, trade_type, lot_size, open_price,"
    " close_price, stop_loss, take_profit, commission, swap, profit, status,"
    " strategy_used, opened_at, closed_at, duration_seconds, created_at, updated_at,"
    " magic_number"
)
TICK_COLUMNS = (
    "id, trade_id, current_price, unrealized_profit, recorded_at, trade_opened_at"
)
NULL = r"\N"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CANCELLED = 0.02
HALF = 0.5
FIRST_TICKET, TICKET_STEP = 10_000_000, 3
FIRST_MAGIC_NUMBER = 1000
COMMISSION = -7  # for 0.01 lot
STOP_MOVES = 3


@dataclass(slots=True)
class Draft:
    """A trade in whole numbers; `opened` and `closed` in seconds since 1970."""

    symbol: Symbol
    is_buy: bool
    lots: int
    opened: int
    closed: int
    price: int
    close: int
    profit: int
    swap: int
    status: str


@dataclass(frozen=True, slots=True)
class MadeTrade:
    """A line of trades, and those of trade_history with the moment of each."""

    line: str
    ticks: list[tuple[datetime, str]]


class Maker:
    """Makes the trades of a plan, portion by portion, always the same ones."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._until = int(plan.until.timestamp())
        self._with_ticks = plan.trades_with_ticks

    def trades(self, portion: Portion, before: int) -> Iterator[MadeTrade]:
        """Yield a portion's trades; `before` them so many had a chance of ticks."""
        chance = self._plan.chance("trades", portion.bot.place, portion.month.place)
        has_ticks = self._plan.has_ticks(portion.month)
        style = STYLES[portion.bot.place % len(STYLES)]
        for place, opened in enumerate(_openings(chance, portion)):
            draft = self._drawn(chance, portion.bot.place, style, opened)
            ticket = str(FIRST_TICKET + (portion.first + place) * TICKET_STEP)
            ticks = self._ticks_due(before + place) if has_ticks else 0
            yield _written(portion, style, ticket, draft, ticks)

    def _drawn(self, chance: Random, bot: int, style: Style, opened: int) -> Draft:
        symbol = symbol_of(bot, opened, chance)
        is_buy = chance.random() < HALF
        lots = LOTS[int(chance.random() * len(LOTS))]
        seconds = 1 + int(chance.expovariate(1 / style.seconds))
        moved = symbol.step * int(chance.gauss(symbol.move * style.edge, symbol.move))
        price = symbol.price_at(opened)
        return Draft(
            symbol=symbol,
            is_buy=is_buy,
            lots=lots,
            opened=opened,
            closed=min(opened + seconds, self._until),
            price=price,
            close=price + (moved if is_buy else -moved),
            profit=moved * lots * symbol.value // 100_000,
            swap=-(seconds // SECONDS_OF_A_DAY) * lots // 2,
            status=self._status(chance, opened + seconds),
        )

    def _status(self, chance: Random, closed: int) -> str:
        if chance.random() < CANCELLED:
            return "cancelled"
        return "open" if closed > self._until else "closed"

    def _ticks_due(self, place: int) -> int:
        ticks, trades = self._plan.ticks, self._with_ticks
        return ticks * (place + 1) // trades - ticks * place // trades


def _openings(chance: Random, portion: Portion) -> list[int]:
    start = int(portion.month.start.timestamp())
    length = int((portion.month.end - portion.month.start).total_seconds())
    return sorted(start + int(chance.random() * length) for _ in range(portion.count))


def _written(
    portion: Portion, style: Style, ticket: str, draft: Draft, ticks: int
) -> MadeTrade:
    bot = portion.bot
    opened_at = EPOCH + timedelta(seconds=draft.opened)
    ended_at = EPOCH + timedelta(seconds=draft.closed)
    identifier = trade_id(bot.id, ticket, opened_at)
    is_open, is_cancelled = draft.status == "open", draft.status == "cancelled"
    reach = STOP_MOVES * draft.symbol.move * draft.symbol.step
    stop = -reach if draft.is_buy else reach
    values = (
        f"{identifier}\t{bot.id}\t{ticket}\t{draft.symbol.name}",
        f"{'BUY' if draft.is_buy else 'SELL'}\t{draft.lots}e-2\t{draft.price}e-5",
        f"{draft.close}e-5" if draft.status == "closed" else NULL,
        f"{draft.price + stop}e-5\t{draft.price - stop}e-5",
        "0\t0" if is_cancelled else f"{COMMISSION * draft.lots}e-2\t{draft.swap}e-2",
        NULL if is_cancelled else f"{draft.profit}e-2",
        f"{draft.status}\t{style.strategy}\t{opened_at}",
        f"{NULL}\t{NULL}" if is_open else f"{ended_at}\t{draft.closed - draft.opened}",
        f"{opened_at}\t{ended_at}\t{FIRST_MAGIC_NUMBER + bot.place}\n",
    )
    return MadeTrade("\t".join(values), list(_ticks(identifier, draft, ticks)))


def _ticks(
    identifier: uuid.UUID, draft: Draft, count: int
) -> Iterator[tuple[datetime, str]]:
    """Yield so many prices on the straight way from the opening to the end."""
    opened_at = EPOCH + timedelta(seconds=draft.opened)
    microseconds = (draft.closed - draft.opened) * 10**6
    way = draft.close - draft.price
    for part in range(1, count + 1):
        at = opened_at + timedelta(microseconds=microseconds * part // count)
        price = draft.price + way * part // count
        profit = draft.profit * part // count
        identity = f"{derived_uuid7(at, identifier.bytes)}\t{identifier}"
        yield at, f"{identity}\t{price}e-5\t{profit}e-2\t{at}\t{opened_at}\n"
