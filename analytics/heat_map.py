"""A year as twelve months of days, colored by what their trades brought."""

import calendar
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import ngettext

from analytics.queries.performance import Day

LEVELS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month; `level` is 1 to 3 for a gain, -1 to -3 for a loss, else 0."""

    number: int
    day: Day | None
    level: int

    @property
    def color(self) -> str:
        """Return the name of its class in the style sheet."""
        if not self.level:
            return ""
        return f"{'gain' if self.level > 0 else 'loss'}-{abs(self.level)}"

    @property
    def trades(self) -> str:
        """Return how many closed, in words: by a tag it took ten times as long."""
        count = self.day.trades if self.day else 0
        return ngettext("%(n)s trade", "%(n)s trades", count) % {"n": count}


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: list[list[Cell | None]]  # from Monday; None lies in another month
    net: Decimal
    trades: int


def months_of_year(year: int, days: Sequence[Day]) -> list[Month]:
    """Return the months of a year; a level is a third of the days by their size."""
    traded = {each.day: each for each in days}
    sizes = sorted(abs(each.net) for each in days if each.net)
    return [_month(year, number, traded, sizes) for number in range(1, 13)]


def _month(
    year: int, number: int, traded: dict[date, Day], sizes: Sequence[Decimal]
) -> Month:
    weeks = calendar.Calendar().monthdayscalendar(year, number)
    within = [
        day for at, day in traded.items() if (at.year, at.month) == (year, number)
    ]

    def cell(day_number: int) -> Cell | None:
        if not day_number:
            return None
        day = traded.get(date(year, number, day_number))
        return Cell(day_number, day, _level(day.net, sizes) if day else 0)

    return Month(
        first=date(year, number, 1),
        weeks=[[cell(day_number) for day_number in week] for week in weeks],
        net=sum((day.net for day in within), Decimal(0)),
        trades=sum(day.trades for day in within),
    )


def _level(net: Decimal, sizes: Sequence[Decimal]) -> int:
    if not net:
        return 0
    rank = bisect_left(sizes, abs(net))
    level = min(LEVELS, 1 + rank * LEVELS // len(sizes))
    return level if net > 0 else -level
