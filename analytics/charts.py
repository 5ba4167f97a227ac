"""Lines of SVG: drawn by the server, so that they print and need no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, PADDING = 120.0, 36.0, 2.0
POINTS = 120


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A curve and the area under it, as path data for a viewBox of 120 by 36."""

    curve: str
    area: str


def sparkline(values: Sequence[Decimal]) -> Sparkline | None:
    """Return a small line of the values, or None where there is nothing to draw.

    At most a lowest and a highest value of each of 120 buckets are kept, so no peak is
    lost.
    """
    shown = _extremes(values)
    if len(shown) < 2:  # noqa: PLR2004 -- a line has two ends
        return None
    lowest, highest = min(shown), max(shown)
    span = float(highest - lowest) or 1.0
    step = WIDTH / (len(shown) - 1)
    points = [
        f"{index * step:.1f},"
        f"{PADDING + float(highest - value) / span * (HEIGHT - 2 * PADDING):.1f}"
        for index, value in enumerate(shown)
    ]
    curve = "M" + "L".join(points)
    return Sparkline(curve, f"{curve}L{WIDTH:.0f},{HEIGHT:.0f}L0,{HEIGHT:.0f}Z")


def _extremes(values: Sequence[Decimal]) -> list[Decimal]:
    if len(values) <= 2 * POINTS:
        return list(values)
    shown: list[Decimal] = []
    for bucket in range(POINTS):
        part = values[
            bucket * len(values) // POINTS : (bucket + 1) * len(values) // POINTS
        ]
        first, last = sorted((part.index(min(part)), part.index(max(part))))
        shown += [part[first], part[last]]
    return shown
