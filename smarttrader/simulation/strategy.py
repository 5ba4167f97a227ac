"""What an EA trades: tickets by the hour, each from its opening to its end.

An hour's tickets depend on the seed, the account and the hour alone. An EA that is
started again sends the same tickets with the same figures, and never orphans one.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from smarttrader.simulation import market as markets
from smarttrader.simulation.chance import seed_of
from smarttrader.simulation.market import ACTIVITY, EPOCH, SYMBOLS, Market, Symbol

HOUR = timedelta(hours=1)
WEEKEND = timedelta(hours=51)
STEPS = 24  # looks at the price in a position's planned life
MOST_POSITIONS_OF_AN_HOUR = 49
SLOTS = 100  # tickets that one strategy of an account may take in an hour
LANES = 50  # accounts' lanes in the numbers of tickets
SMALLEST_LOT = Decimal("0.01")
SMALLEST_PARTIAL_LOT = Decimal("0.04")
PARTIAL_CLOSES = 0.1
RECKLESS = 0.006  # positions without a stop, and far too large
RECKLESS_FACTOR = 5
STOP_OUT_RISKS = 6  # the loss at which the broker ends them, in usual risks
BAD_SPELL_DAYS, BAD_SPELLS, BAD_SKILL_LOST = 4, 0.16, 0.3
COMMISSION_PER_LOT = 5  # dollars, both ways
SWAP_PER_LOT = 3  # dollars a night


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How often a strategy trades, how long it holds, how good it is."""

    name: str
    symbols: tuple[str, ...]
    magic_number: int
    lane: int  # 0 or 1: keeps the tickets of an account's two strategies apart
    trades_per_day: float
    shortest: timedelta
    longest: timedelta
    risk: float  # of the deposit, per position
    skill: float  # how often the direction is right
    is_flat_at_weekends: bool = False

    @property
    def longest_life(self) -> timedelta:
        """How long a ticket may stay open at most."""
        return self.longest + (timedelta(0) if self.is_flat_at_weekends else WEEKEND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An MT4 account, and what the EA on it trades."""

    number: str
    name: str
    broker: str
    server: str
    currency: str
    deposit: int
    strategies: tuple[Strategy, ...]
    utc_offset_minutes: int = 0
    is_live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket's whole life, known beforehand. Times are UTC, costs negative.

    The rest of a partial close is a ticket of its own: it appears later, with the time
    and price at which its position opened.
    """

    number: int
    symbol: str
    is_buy: bool
    opened_at: datetime
    appears_at: datetime
    closed_at: datetime
    open_price: float
    close_price: float
    opened_lots: Decimal
    lots: Decimal  # what was left when it closed
    stop_loss: float
    take_profit: float
    profit: Decimal
    commission: Decimal
    swap: Decimal
    magic_number: int
    strategy: str
    comment: str = ""
    closing_comment: str = ""
    parent: int | None = None

    @property
    def net(self) -> Decimal:
        return self.profit + self.commission + self.swap


@dataclass(frozen=True, slots=True)
class _End:
    at: datetime
    price: float
    comment: str


@dataclass(slots=True)
class Trader:
    """An account's tickets, and what they float at while they are open."""

    account: Account
    market: Market
    seed: int
    _lane: int = field(init=False)

    def __post_init__(self) -> None:
        self._lane = seed_of(self.seed, self.account.number, "lane") % LANES

    def tickets_of_hour(self, strategy: Strategy, hour: datetime) -> list[Ticket]:
        """Return the tickets of the positions that a strategy opens in an hour."""
        random = Random(  # noqa: S311 -- a simulation
            seed_of(self.seed, self.account.number, strategy.name, hour.isoformat())
        )
        symbols = [
            symbol
            for symbol in (SYMBOLS[name] for name in strategy.symbols)
            if markets.is_open(symbol, hour)
        ]
        mean = strategy.trades_per_day * markets.activity(hour) / sum(ACTIVITY)
        count = min(_poisson(random, mean), MOST_POSITIONS_OF_AN_HOUR)
        seconds = sorted(random.sample(range(3600), count)) if symbols else []
        tickets = []
        for place, second in enumerate(seconds):
            opened_at = hour + timedelta(seconds=second)
            first = self._number(strategy, hour) + 2 * place
            tickets += self._position(
                random, strategy, random.choice(symbols), opened_at, first
            )
        return tickets

    def tickets(
        self, strategy: Strategy, start: datetime, end: datetime
    ) -> list[Ticket]:
        """Return the tickets of all hours from one to before another."""
        found = []
        hour = hour_of(start)
        while hour < end:
            found += self.tickets_of_hour(strategy, hour)
            hour += HOUR
        return found

    def price(self, ticket: Ticket, at: datetime) -> float:
        """Return the price at which an open ticket could be closed."""
        return self._exit_price(SYMBOLS[ticket.symbol], at, is_buy=ticket.is_buy)

    def floating(self, ticket: Ticket, at: datetime) -> Decimal:
        """Return the profit of an open ticket, not counting its costs."""
        lots = ticket.opened_lots
        return self._profit(ticket, at, self.price(ticket, at), lots)

    def money(self, amount: float) -> Decimal:
        """Round to what the account's currency prints: yen have no decimals."""
        step = Decimal(1) if self.account.currency == "JPY" else Decimal("0.01")
        return Decimal(repr(amount)).quantize(step, rounding=ROUND_HALF_UP)

    def _number(self, strategy: Strategy, hour: datetime) -> int:
        """Return an hour's first ticket number; they stay below 2^31 until 2039."""
        lane = self._lane * 2 + strategy.lane
        return (int((hour - EPOCH) / HOUR) * 2 * LANES + lane) * SLOTS

    def _position(
        self,
        random: Random,
        strategy: Strategy,
        symbol: Symbol,
        opened_at: datetime,
        number: int,
    ) -> list[Ticket]:
        ratio = strategy.longest / strategy.shortest
        planned = strategy.shortest * ratio ** random.random()
        planned = timedelta(seconds=int(planned.total_seconds()))
        move = self.market.usual_move(symbol, planned)
        is_reckless = random.random() < RECKLESS
        is_buy = self._is_buy(random, strategy, symbol, opened_at, planned)
        price = self.market.quoted(symbol, opened_at, is_ask=is_buy)
        sign = 1 if is_buy else -1
        stop = price - sign * move * random.uniform(1.0, 2.0)
        target = price + sign * move * random.uniform(0.8, 2.4)
        ticket = Ticket(
            number=number,
            symbol=symbol.name,
            is_buy=is_buy,
            opened_at=opened_at,
            appears_at=opened_at,
            closed_at=opened_at,
            open_price=price,
            close_price=price,
            opened_lots=self._lots(strategy, symbol, opened_at, move, is_reckless),
            lots=Decimal(0),
            stop_loss=0.0 if is_reckless else round(stop, symbol.digits),
            take_profit=round(target, symbol.digits),
            profit=Decimal(0),
            commission=Decimal(0),
            swap=Decimal(0),
            magic_number=strategy.magic_number,
            strategy=strategy.name,
        )
        end = self._end(strategy, ticket, planned)
        if random.random() < PARTIAL_CLOSES and not is_reckless:
            return self._in_two(ticket, end)
        return [self._closed(ticket, end, ticket.opened_lots)]

    def _is_buy(
        self,
        random: Random,
        strategy: Strategy,
        symbol: Symbol,
        opened_at: datetime,
        planned: timedelta,
    ) -> bool:
        """Know the future as often as the strategy is good; seldom in a bad spell."""
        spell = (opened_at - EPOCH).days // BAD_SPELL_DAYS
        chance = seed_of(self.seed, self.account.number, strategy.name, spell, "spell")
        is_bad_spell = (chance % 1000) / 1000 < BAD_SPELLS
        skill = strategy.skill - (BAD_SKILL_LOST if is_bad_spell else 0)
        later = self.market.price(symbol, opened_at + planned)
        is_rising = later > self.market.price(symbol, opened_at)
        return is_rising == (random.random() < skill)

    def _lots(
        self,
        strategy: Strategy,
        symbol: Symbol,
        at: datetime,
        move: float,
        is_reckless: bool,  # noqa: FBT001
    ) -> Decimal:
        one_lot = self.market.profit(
            symbol, self.account.currency, at, difference=move, lots=Decimal(1)
        )
        lots = self.account.deposit * strategy.risk / one_lot
        lots *= RECKLESS_FACTOR if is_reckless else 1
        return max(SMALLEST_LOT, Decimal(repr(lots)).quantize(SMALLEST_LOT))

    def _end(self, strategy: Strategy, ticket: Ticket, planned: timedelta) -> _End:
        """Find how a position ends: stop, target, stop-out, or signal at the latest."""
        symbol = SYMBOLS[ticket.symbol]
        last = ticket.opened_at + planned
        if strategy.is_flat_at_weekends:
            last = max(markets.last_closing(symbol, last), ticket.opened_at)
        for step in range(1, STEPS):
            at = _whole_seconds(ticket.opened_at + planned * step / STEPS)
            if at >= last:
                break
            if markets.is_open(symbol, at):
                end = self._forced_end(strategy, ticket, at)
                if end is not None:
                    return end
        last = _whole_seconds(last)
        if not markets.is_open(symbol, last):
            # Not all at the first second of Monday.
            late = timedelta(seconds=60 + ticket.number * 7919 % 5400)
            last = markets.next_opening(symbol, last) + late
        return _End(last, self._exit_price(symbol, last, is_buy=ticket.is_buy), "")

    def _forced_end(
        self, strategy: Strategy, ticket: Ticket, at: datetime
    ) -> _End | None:
        price = self.price(ticket, at)
        sign = 1 if ticket.is_buy else -1
        if ticket.stop_loss and sign * (price - ticket.stop_loss) <= 0:
            return _End(at, ticket.stop_loss, "[sl]")
        if sign * (price - ticket.take_profit) >= 0:
            return _End(at, ticket.take_profit, "[tp]")
        if not ticket.stop_loss:
            loss = -self._profit(ticket, at, price, ticket.opened_lots)
            if loss > self.account.deposit * strategy.risk * STOP_OUT_RISKS:
                margin = self.money(float(loss) * 1.7)
                return _End(at, price, f"so: 49.3%/{self.money(float(loss))}/{margin}")
        return None

    def _in_two(self, ticket: Ticket, end: _End) -> list[Ticket]:
        """Close a part half-way; the rest is a new ticket, as MT4 makes one."""
        half = _whole_seconds(ticket.opened_at + (end.at - ticket.opened_at) / 2)
        symbol = SYMBOLS[ticket.symbol]
        is_too_small = ticket.opened_lots < SMALLEST_PARTIAL_LOT
        if is_too_small or not markets.is_open(symbol, half):
            return [self._closed(ticket, end, ticket.opened_lots)]
        price = self._exit_price(symbol, half, is_buy=ticket.is_buy)
        part = (ticket.opened_lots / 2).quantize(SMALLEST_LOT, rounding=ROUND_HALF_UP)
        rest = replace(
            ticket,
            number=ticket.number + 1,
            appears_at=half,
            opened_lots=ticket.opened_lots - part,
            comment=f"from #{ticket.number}",
            parent=ticket.number,
        )
        first = self._closed(ticket, _End(half, price, f"to #{rest.number}"), part)
        return [first, self._closed(rest, end, rest.opened_lots)]

    def _closed(self, ticket: Ticket, end: _End, lots: Decimal) -> Ticket:
        dollar = self.market.rate("USD", self.account.currency, ticket.opened_at)
        nights = (end.at.date() - ticket.opened_at.date()).days
        return replace(
            ticket,
            closed_at=end.at,
            close_price=end.price,
            lots=lots,
            profit=self._profit(ticket, end.at, end.price, lots),
            commission=self.money(-COMMISSION_PER_LOT * float(lots) * dollar),
            swap=self.money(-SWAP_PER_LOT * nights * float(lots) * dollar),
            closing_comment=f"{ticket.comment}{end.comment}",
        )

    def _profit(
        self, ticket: Ticket, at: datetime, price: float, lots: Decimal
    ) -> Decimal:
        difference = (price - ticket.open_price) * (1 if ticket.is_buy else -1)
        profit = self.market.profit(
            SYMBOLS[ticket.symbol],
            self.account.currency,
            at,
            difference=difference,
            lots=lots,
        )
        return self.money(profit)

    def _exit_price(self, symbol: Symbol, at: datetime, *, is_buy: bool) -> float:
        return self.market.quoted(symbol, at, is_ask=not is_buy)


def hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _whole_seconds(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _poisson(random: Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
