"""How a history is dealt out: how many trades each bot has in each month.

Everything follows from the plan, so a run that was stopped goes on where it was.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from random import Random

from smarttrader.jobs.partitions import TRADES
from smarttrader.lib.ids import derived_uuid7

LARGEST_SHARE = 10  # the first bot has a tenth of all trades
TAIL = 0.8  # the exponent by which the shares of the others fall
BOTS_OF_AN_OWNER = 10
DOMAIN = "history.example.com"
YEAR = timedelta(days=365)
# Younger than the retention of ticks on the day after, too.
TICKS_SPAN = timedelta(days=360)


@dataclass(frozen=True, slots=True)
class Month:
    """A stretch of time in one partition of trades."""

    place: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class PlannedBot:
    """`trades` are dealt out evenly from the month `since` on."""

    place: int
    id: uuid.UUID
    trades: int
    since: int


@dataclass(frozen=True, slots=True)
class Portion:
    """A bot's trades that open in a month; `first` is how many opened before."""

    bot: PlannedBot
    month: Month
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`until` is the beginning of a day, UTC: there the history ends."""

    bots: int
    trades: int
    until: datetime
    ticks: int = 0
    seed: int = 1
    years: int = 5

    @property
    def name(self) -> str:
        """Return what tells this history from those of other parameters."""
        figures = (self.seed, self.bots, self.trades, self.ticks, self.years)
        return "-".join(f"{each:x}" for each in figures)

    @property
    def domain(self) -> str:
        """Return where its owners have their addresses: it tells plan and day."""
        return f"{self.name}.{self.until:%Y%m%d}.{DOMAIN}"

    @property
    def owners(self) -> int:
        return max(1, self.bots // BOTS_OF_AN_OWNER)

    def chance(self, *parts: object) -> Random:
        """Return what the same plan and parts always let happen."""
        return Random("/".join(map(str, (self.name, *parts))))  # noqa: S311 -- made up

    @cached_property
    def months(self) -> list[Month]:
        months: list[Month] = []
        start = self.until - self.years * YEAR
        while start < self.until:
            end = min(TRADES.next_period(TRADES.period_start(start)), self.until)
            months.append(Month(len(months), start, end))
            start = end
        return months

    @cached_property
    def planned_bots(self) -> list[PlannedBot]:
        return [
            PlannedBot(place, self._bot_id(place), trades, self._since(place))
            for place, trades in enumerate(self._trades_of_bots())
        ]

    def portions(self, month: Month) -> Iterator[Portion]:
        """Yield what each bot has in a month, without those that have nothing."""
        for bot in self.planned_bots:
            first, end = (self._opened(bot, place) for place in _around(month))
            if end > first:
                yield Portion(bot, month, first, end - first)

    @cached_property
    def trades_with_ticks(self) -> int:
        """Return among how many trades the ticks are dealt out."""
        months = [month for month in self.months if self.has_ticks(month)]
        return sum(self.trades_of(month) for month in months)

    def trades_of(self, month: Month) -> int:
        return sum(portion.count for portion in self.portions(month))

    def has_ticks(self, month: Month) -> bool:
        return bool(self.ticks) and month.start >= self.until - TICKS_SPAN

    def _opened(self, bot: PlannedBot, place: int) -> int:
        """Return how many trades a bot has opened before a month."""
        lasted = len(self.months) - bot.since
        return bot.trades * max(place - bot.since, 0) // lasted

    def _trades_of_bots(self) -> Iterator[int]:
        if self.bots == 1:
            yield self.trades
            return
        largest = self.trades // LARGEST_SHARE
        yield largest
        weights = (int(1e9 * rank**-TAIL) for rank in range(2, self.bots + 1))
        sums = list(accumulate(weights))
        dealt = 0
        for total in sums:
            due = (self.trades - largest) * total // sums[-1]
            yield due - dealt
            dealt = due

    def _bot_id(self, place: int) -> uuid.UUID:
        return derived_uuid7(self.until, self.name, str(place))

    def _since(self, place: int) -> int:
        if place == 0:
            return 0
        return int(self.chance("since", place).random() ** 2 * (len(self.months) - 1))


def _around(month: Month) -> tuple[int, int]:
    return month.place, month.place + 1
