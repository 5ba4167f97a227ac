"""A made-up market: prices that walk at random, and the hours in which they trade.

A price is a function of the seed and the moment alone. A simulation that is started
again, or asks out of order, sees the same market, and so sends the same trades.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from smarttrader.simulation.chance import gauss, seed_of

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECONDS_OF_DAY = 86_400
HALVINGS = 13  # of a day: a price of its own each 10.5 seconds
PULL = 0.004  # a day's pull towards the usual price, so that years stay plausible
FRIDAY, SATURDAY = 4, 5
LAST_HOUR_OF_FRIDAY = 21
# By hour, UTC: quiet nights, lively when London and New York are both awake.
ACTIVITY = (*[0.2] * 6, 0.6, *[1.2] * 5, *[1.5] * 4, *[0.9] * 4, *[0.3] * 4)


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    base: str
    quote: str
    usual_price: float
    daily_move: float  # the standard deviation of a day's relative change
    digits: int
    contract: int
    spread: float
    is_always_open: bool = False


SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("EURUSD", "EUR", "USD", 1.09, 0.005, 5, 100_000, 0.00006),
        Symbol("GBPUSD", "GBP", "USD", 1.27, 0.006, 5, 100_000, 0.00009),
        Symbol("USDJPY", "USD", "JPY", 148.0, 0.006, 3, 100_000, 0.007),
        Symbol("EURJPY", "EUR", "JPY", 161.0, 0.006, 3, 100_000, 0.011),
        Symbol("XAUUSD", "XAU", "USD", 2350.0, 0.009, 2, 100, 0.15),
        Symbol("BTCUSD", "BTC", "USD", 64_000.0, 0.025, 2, 1, 9.0, is_always_open=True),
    )
}


class Market:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._closes: dict[str, list[float]] = {}

    def price(self, symbol: Symbol, at: datetime) -> float:
        """Return the bid, not rounded."""
        seconds = (at - EPOCH).total_seconds()
        day, second = divmod(seconds, SECONDS_OF_DAY)
        walked = self._within_day(symbol, int(day), second / SECONDS_OF_DAY)
        return symbol.usual_price * math.exp(walked)

    def quoted(self, symbol: Symbol, at: datetime, *, is_ask: bool) -> float:
        """Return the price that a broker shows."""
        bid = self.price(symbol, at)
        return round(bid + symbol.spread if is_ask else bid, symbol.digits)

    def usual_move(self, symbol: Symbol, span: timedelta) -> float:
        """Return by how much a price typically moves in a span of time."""
        days = span.total_seconds() / SECONDS_OF_DAY
        return symbol.usual_price * symbol.daily_move * math.sqrt(days)

    def rate(self, currency: str, account_currency: str, at: datetime) -> float:
        """Return what one unit of a currency is worth in the account's."""
        if currency == account_currency:
            return 1.0
        return self._dollars(currency, at) / self._dollars(account_currency, at)

    def profit(
        self,
        symbol: Symbol,
        account_currency: str,
        at: datetime,
        *,
        difference: float,
        lots: Decimal,
    ) -> float:
        """Return what a difference of prices is worth in the account's currency."""
        rate = self.rate(symbol.quote, account_currency, at)
        return difference * float(lots) * symbol.contract * rate

    def _dollars(self, currency: str, at: datetime) -> float:
        match currency:
            case "USD":
                return 1.0
            case "EUR":
                return self.price(SYMBOLS["EURUSD"], at)
            case "JPY":
                return 1 / self.price(SYMBOLS["USDJPY"], at)
        raise ValueError(f"no rate is known for {currency}")

    def _within_day(self, symbol: Symbol, day: int, place: float) -> float:
        """Halve the day towards the place, each middle being a step off the line."""
        seed = seed_of(self._seed, symbol.name, day)
        left, right = self._close(symbol, day), self._close(symbol, day + 1)
        node, step = 1, symbol.daily_move / 2
        for _ in range(HALVINGS):
            middle = (left + right) / 2 + step * gauss(seed, node)
            step /= math.sqrt(2)
            place *= 2
            if place < 1:
                right, node = middle, 2 * node
            else:
                left, node, place = middle, 2 * node + 1, place - 1
        return left + (right - left) * place

    def _close(self, symbol: Symbol, day: int) -> float:
        closes = self._closes.setdefault(symbol.name, [0.0])
        seed = seed_of(self._seed, symbol.name)
        while len(closes) <= day:
            step = symbol.daily_move * gauss(seed, len(closes))
            closes.append(closes[-1] * (1 - PULL) + step)
        return closes[day]


def is_open(symbol: Symbol, at: datetime) -> bool:
    """Tell whether a symbol trades: currencies and gold rest over the weekend."""
    if symbol.is_always_open:
        return True
    day = at.weekday()
    return day < FRIDAY or (day == FRIDAY and at.hour < LAST_HOUR_OF_FRIDAY)


def activity(at: datetime) -> float:
    """Return how lively an hour is; a day's mean is below 1."""
    return ACTIVITY[at.hour]


def next_opening(symbol: Symbol, at: datetime) -> datetime:
    """Return the moment itself, or the Monday when trading goes on."""
    if is_open(symbol, at):
        return at
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + DAY * (7 - at.weekday())


def last_closing(symbol: Symbol, at: datetime) -> datetime:
    """Return the moment itself, or the end of the Friday before."""
    if is_open(symbol, at):
        return at
    friday = at - DAY * (at.weekday() - FRIDAY)
    return friday.replace(hour=LAST_HOUR_OF_FRIDAY - 1, minute=59, second=30)
