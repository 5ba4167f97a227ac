"""The cards of the performance page: trades by symbol, hour and the like."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.queries import breakdowns
from analytics.queries.breakdowns import Days, Part
from trading.models import TradeType

PARTS_SHOWN = 10
# What of several parts adds up.
SUMS = (
    "total_trades",
    "winning_trades",
    "losing_trades",
    "gross_profit",
    "gross_loss",
    "volume",
)
DIRECTIONS = {
    TradeType.BUY: gettext_lazy("Long"),
    TradeType.SELL: gettext_lazy("Short"),
}
HALF = 50  # of a bar's drawing, which is 100 wide: losses go left from here


class Others(str):
    """What several parts are called together, which no filter finds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a breakdown, with its bar; `filters` leave its trades of all."""

    label: str | Promise
    filters: str
    part: Part
    bar_start: float
    bar_width: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    name: str
    title: str | Promise
    heading: str | Promise
    rows: list[Row]
    note: str | Promise = ""


def breakdowns_of_days(ids: list[uuid.UUID], days: Days) -> list[Breakdown]:
    """Return what the trades of some bots amount to in some days, part by part."""
    by_part = breakdowns.trades_by_part(ids, days)
    by_time = breakdowns.trades_by_time(ids, days)
    return [
        Breakdown(
            "directions",
            _("Long and short"),
            _("Direction"),
            _rows(by_part.direction, _direction, found_by="side"),
        ),
        Breakdown(
            "strategies",
            _("By strategy"),
            _("Strategy"),
            _rows(_busiest(by_part.strategy), _strategy, found_by="strategy"),
        ),
        Breakdown(
            "symbols",
            _("By symbol"),
            _("Symbol"),
            _rows(_busiest(by_part.symbol), _symbol, found_by="symbol"),
        ),
        Breakdown(
            "weekdays",
            _("By weekday"),
            _("Weekday"),
            _rows(by_time.weekday, _weekday),
            _("When trades closed, UTC"),
        ),
        Breakdown(
            "hours",
            _("By hour of the day"),
            _("Hour"),
            _rows(by_time.hour, _hour),
            _("When trades closed, UTC"),
        ),
    ]


def _direction(key: str | int) -> str | Promise:
    return DIRECTIONS[TradeType(str(key))]


def _weekday(key: str | int) -> str | Promise:
    return WEEKDAYS[int(key) - 1]


def _hour(key: str | int) -> str:
    return f"{key:02}:00"


def _symbol(key: str | int) -> str:
    return str(key)


def _strategy(key: str | int) -> str:
    return str(key) or _("Not told")


def _busiest(found: Sequence[Part]) -> list[Part]:
    """Return the parts with most trades, and what all others amount to together."""
    by_trades = sorted(found, key=lambda part: (-part.total_trades, part.key))
    others = by_trades[PARTS_SHOWN:]
    if len(others) < 2:  # noqa: PLR2004 -- one takes no more room than its sum
        return by_trades
    name = ngettext("%(count)d other", "%(count)d others", len(others))
    sums: dict[str, Any] = {
        field: sum(getattr(part, field) for part in others) for field in SUMS
    }
    together = Part(others[0].currency, Others(name % {"count": len(others)}), **sums)
    return [*by_trades[:PARTS_SHOWN], together]


def _rows(
    found: Sequence[Part],
    label_of: Callable[[str | int], str | Promise],
    *,
    found_by: str = "",
) -> list[Row]:
    """Return parts as lines; `found_by` is the filter of trades that finds one."""
    largest = max((abs(part.net_profit) for part in found), default=Decimal(0))
    rows = []
    for part in found:
        share = float(part.net_profit / largest) if largest else 0.0
        width = round(abs(share) * HALF, 1)
        start = HALF if share > 0 else round(HALF - width, 1)
        is_found = found_by and part.key and not isinstance(part.key, Others)
        filters = urlencode({found_by: part.key}) if is_found else ""
        rows.append(Row(label_of(part.key), filters, part, start, width))
    return rows
