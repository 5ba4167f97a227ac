"""What is traded, and how: symbols and styles, plausible at a glance and no further."""

from dataclasses import dataclass
from math import sin
from random import Random

SECONDS_OF_A_DAY = 24 * 3600
SATURDAY = 5
FIRST_DAY = 3  # 1970 began on a Thursday
SWING_SECONDS = 9e6  # over 2 pi: how long prices rise and fall
SWING = 0.08
SECOND_SYMBOL = 0.3


@dataclass(frozen=True, slots=True)
class Symbol:
    """`price` and `step` in 1e-5; `move` is how far a trade goes, in steps.

    `value` is what a move of 1e-5 earns with 0.01 lot, in 1e-5 cents.
    """

    name: str
    price: int
    step: int
    move: int
    value: int

    def price_at(self, second: int) -> int:
        price = int(self.price * (1 + SWING * sin(second / SWING_SECONDS)))
        return price - price % self.step


@dataclass(frozen=True, slots=True)
class Style:
    """How a bot trades: for how long on average, and how skilfully, of a move."""

    strategy: str
    seconds: int
    edge: float


BITCOIN = Symbol("BTCUSD", 4_200_000_000, 1000, 45_000, 1)
SYMBOLS = (
    Symbol("EURUSD", 108_000, 1, 220, 100_000),
    Symbol("GBPUSD", 127_000, 1, 260, 100_000),
    Symbol("USDJPY", 14_800_000, 100, 300, 650),
    Symbol("XAUUSD", 205_000_000, 1000, 900, 100),
)
STYLES = (
    Style("trend", 6 * 3600, 0.05),
    Style("breakout", 20 * 3600, 0.02),
    Style("carry", 3 * SECONDS_OF_A_DAY, 0.08),
    Style("scalp", 600, -0.01),
)
LOTS = (1, 1, 2, 5, 10, 10, 20, 50, 100, 200)  # hundredths


def symbol_of(bot: int, second: int, chance: Random) -> Symbol:
    """Return one of a bot's two symbols; at weekends only bitcoin is traded."""
    if (second // SECONDS_OF_A_DAY + FIRST_DAY) % 7 >= SATURDAY:
        return BITCOIN
    return SYMBOLS[(bot + (chance.random() < SECOND_SYMBOL)) % len(SYMBOLS)]
