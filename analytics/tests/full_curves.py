"""A curve of all its hours at once: what is kept of one has to equal it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analytics.queries.equity import Stand, ToldEquity, continued, raised
from analytics.queries.performance import ZERO, CurvePoint


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """A balance with the equity that is known, and what the balance began with."""

    start: Decimal
    points: Sequence[CurvePoint]


def curve_with_equity(
    curve: Sequence[CurvePoint], told: Sequence[ToldEquity]
) -> EquityCurve:
    """Return the curve of closed trades with the equity that is known, hour by hour.

    The curve is raised so that it ends at the balance that was told last: see
    `continued` for the rest.
    """
    points, stand = continued(Stand(), curve, told)
    start = stand.cash or ZERO
    return EquityCurve(start, [raised(point, start) for point in points])
