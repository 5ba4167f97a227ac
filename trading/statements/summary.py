"""MetaTrader 4's own summary of an account, by its own definitions.

They differ from docs/metrics.md: a break-even trade counts as a profit trade and lets a
winning streak go on, and drawdown starts from the balance. Verified against the figures
that MetaTrader printed on real statements.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from trading.statements.reader import parse_number
from trading.statements.rows import PrintedTotals

FIGURE_NAMES = (
    "Gross Profit",
    "Gross Loss",
    "Total Net Profit",
    "Profit Factor",
    "Expected Payoff",
    "Absolute Drawdown",
    "Maximal Drawdown",
    "Relative Drawdown",
    "Total Trades",
    "Short Positions (won %)",
    "Long Positions (won %)",
    "Profit Trades (% of total)",
    "Loss trades (% of total)",
    "Largest profit trade",
    "Largest loss trade",
    "Average profit trade",
    "Average loss trade",
    "Maximum consecutive wins ($)",
    "Maximum consecutive losses ($)",
    "Maximal consecutive profit (count)",
    "Maximal consecutive loss (count)",
    "Average consecutive wins",
    "Average consecutive losses",
)
ZERO, HUNDRED = Decimal(0), Decimal(100)
PRINTED_NUMBER = re.compile(r"-?[0-9][0-9\s]*(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """What the summary needs of a closed trade; `net` includes all costs."""

    net: Decimal
    is_short: bool


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    printed: str
    ours: str

    @property
    def is_equal(self) -> bool:
        """Whether the same numbers stand in both, however thousands are parted."""
        return _numbers(self.printed) == _numbers(self.ours)


@dataclass(slots=True)
class Streaks:
    """Runs of wins, or of losses: how long, how much."""

    runs: int = 0
    trades: int = 0
    longest: tuple[int, Decimal] = (0, ZERO)  # trades, money
    richest: tuple[Decimal, int] = (ZERO, 0)  # money, trades

    def add(self, trades: int, money: Decimal) -> None:
        self.runs += 1
        self.trades += trades
        # Of two streaks of one length the one that moved more money counts.
        self.longest = max(
            self.longest,
            (trades, money),
            key=lambda streak: (streak[0], abs(streak[1])),
        )
        self.richest = max(
            self.richest, (money, trades), key=lambda streak: abs(streak[0])
        )

    @property
    def average_length(self) -> Decimal:
        return Decimal(self.trades) / self.runs if self.runs else ZERO


@dataclass(slots=True)
class Side:
    """Profit trades, or loss trades."""

    count: int = 0
    total: Decimal = ZERO
    largest: Decimal = ZERO
    streaks: Streaks = field(default_factory=Streaks)

    @property
    def average(self) -> Decimal:
        return self.total / self.count if self.count else ZERO


@dataclass(slots=True)
class Positions:
    """Long positions, or short ones."""

    count: int = 0
    won: int = 0


class Summary:
    """MetaTrader's 23 figures of the closed trades, given in the order of their close.

    That order is (close time, ticket); `start_balance` is the balance that the drawdown
    starts from.
    """

    def __init__(self, start_balance: Decimal, trades: Iterable[ClosedTrade]) -> None:
        self.start = self._balance = self._peak = self._lowest = start_balance
        self.profits, self.losses = Side(), Side()
        self.longs, self.shorts = Positions(), Positions()
        self.maximal_drawdown = (ZERO, ZERO)  # money, share of the peak
        self.relative_drawdown = (ZERO, ZERO)  # share of the peak, money
        self._run: tuple[bool, int, Decimal] | None = None
        for trade in trades:
            self._add(trade)
        self._end_run()

    def figures(self, decimals: int) -> list[str]:
        """Return the figures as MetaTrader prints them; money with so many decimals."""

        def money(amount: Decimal) -> str:
            return _printed(amount, decimals)

        count = self.profits.count + self.losses.count
        net = self.profits.total + self.losses.total
        maximal, relative = self.maximal_drawdown, self.relative_drawdown
        wins, losses = self.profits.streaks, self.losses.streaks
        return [
            money(self.profits.total),
            money(-self.losses.total),
            money(net),
            _printed(-self.profits.total / self.losses.total, 2)
            if self.losses.total
            else "",
            _printed(net / count, 2) if count else "",
            money(self.start - self._lowest),
            f"{money(maximal[0])} ({_printed(maximal[1], 2)}%)",
            f"{_printed(relative[0], 2)}% ({money(relative[1])})",
            str(count),
            _won(self.shorts),
            _won(self.longs),
            f"{self.profits.count} ({_percent(self.profits.count, count)})",
            f"{self.losses.count} ({_percent(self.losses.count, count)})",
            money(self.profits.largest),
            money(self.losses.largest),
            money(self.profits.average),
            money(self.losses.average),
            f"{wins.longest[0]} ({money(wins.longest[1])})",
            f"{losses.longest[0]} ({money(losses.longest[1])})",
            f"{money(wins.richest[0])} ({wins.richest[1]})",
            f"{money(losses.richest[0])} ({losses.richest[1]})",
            _printed(wins.average_length, 0),
            _printed(losses.average_length, 0),
        ]

    def _add(self, trade: ClosedTrade) -> None:
        is_profit = trade.net >= 0
        side = self.profits if is_profit else self.losses
        side.count += 1
        side.total += trade.net
        side.largest = max(side.largest, trade.net, key=abs)
        positions = self.shorts if trade.is_short else self.longs
        positions.count += 1
        positions.won += is_profit
        self._add_to_run(trade.net, is_profit=is_profit)
        self._add_to_balance(trade.net)

    def _add_to_run(self, net: Decimal, *, is_profit: bool) -> None:
        if self._run and self._run[0] == is_profit:
            self._run = (is_profit, self._run[1] + 1, self._run[2] + net)
            return
        self._end_run()
        self._run = (is_profit, 1, net)

    def _end_run(self) -> None:
        if self._run:
            is_profit, trades, money = self._run
            (self.profits if is_profit else self.losses).streaks.add(trades, money)

    def _add_to_balance(self, net: Decimal) -> None:
        self._balance += net
        self._peak = max(self._peak, self._balance)
        self._lowest = min(self._lowest, self._balance)
        fall = self._peak - self._balance
        share = fall / self._peak * HUNDRED if self._peak > 0 else ZERO
        self.maximal_drawdown = max(self.maximal_drawdown, (fall, share))
        self.relative_drawdown = max(self.relative_drawdown, (share, fall))


def compare(totals: PrintedTotals, summary: Summary) -> list[Figure]:
    """Return printed and ours side by side, as far as the statement prints them."""
    return [
        Figure(name, printed, ours)
        for name, printed, ours in zip(
            FIGURE_NAMES,
            totals.details,
            summary.figures(totals.money_decimals) if totals.details else [],
            strict=bool(totals.details),
        )
    ]


def _won(positions: Positions) -> str:
    return f"{positions.count} ({_percent(positions.won, positions.count)})"


def _percent(part: int, whole: int) -> str:
    return _printed(HUNDRED * part / whole if whole else ZERO, 2) + "%"


def _printed(amount: Decimal, decimals: int) -> str:
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{rounded + 0:,}".replace(",", " ")  # + 0 makes -0 a plain 0


def _numbers(text: str) -> list[Decimal]:
    return [parse_number(number) for number in PRINTED_NUMBER.findall(text)]
