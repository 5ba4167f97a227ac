"""A year as twelve months of days, colored by what their trades brought."""

import calendar
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from django.utils.html import format_html
from django.utils.translation import ngettext

from accounts.templatetags.ui import short_money, signed_money
from analytics.queries.performance import Day
from smarttrader.lib.localization import localized_date

LEVELS = 3
# Not in the template, where a year of them took twice as long.
LINK = '<a href="{}" class="{}" data-net="{}" aria-label="{}">{}</a>'


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: list[list[str]]  # of days as HTML, from Monday; "" lies in another month
    net: Decimal
    trades: int


def months_of_year(
    year: int, days: Sequence[Day], *, currency: str, trades_url: str
) -> list[Month]:
    """Return the months of a year, colored by thirds of the days by their size.

    `trades_url` leads to the trades of a day, which is added to it.
    """
    traded = {each.day: each for each in days}
    sizes = sorted(abs(each.net) for each in days if each.net)

    # What follows a day's number, twelve times instead of three hundred.
    after_day = {
        number: localized_date(date(year, number, 1), "j F").removeprefix("1")
        for number in range(1, 13)
    }

    @cache
    def told(trades: int) -> str:
        return ngettext("%(n)s trade", "%(n)s trades", trades) % {"n": trades}

    def drawn(at: date) -> str:
        day = traded.get(at)
        if day is None:
            return str(at.day)
        named = f"{at.day}{after_day[at.month]}"
        told_of = f"{named}, {signed_money(day.net, currency)}, {told(day.trades)}"
        return format_html(
            LINK,
            *(f"{trades_url}{at}", _color(day.net, sizes), short_money(day.net)),
            *(told_of, at.day),
        )

    return [
        Month(
            first=date(year, number, 1),
            weeks=[
                [drawn(at) if at.month == number else "" for at in week]
                for week in calendar.Calendar().monthdatescalendar(year, number)
            ],
            net=sum((day.net for day in days if day.day.month == number), Decimal(0)),
            trades=sum(day.trades for day in days if day.day.month == number),
        )
        for number in range(1, 13)
    ]


def _color(net: Decimal, sizes: Sequence[Decimal]) -> str:
    """Return the name of a day's class in the style sheet, gain-1 to loss-3."""
    if not net:
        return ""
    rank = bisect_left(sizes, abs(net))
    level = min(LEVELS, 1 + rank * LEVELS // len(sizes))
    return f"{'gain' if net > 0 else 'loss'}-{level}"
