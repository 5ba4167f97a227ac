"""The table: what was measured, against what, and whether that is good enough."""

from collections.abc import Iterable
from dataclasses import dataclass

HEAD = ("measured", "took", "against", "took", "ratio", "target", "")


@dataclass(frozen=True, slots=True)
class Target:
    """At least, or at most, so much; `text` says of what."""

    limit: float
    is_least: bool
    unit: str = ""

    def is_met_by(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.is_least else '<='} {self.limit:g}{self.unit}"


def at_least(limit: float, unit: str = "") -> Target:
    return Target(limit, True, unit)  # noqa: FBT003 -- two words for it follow


def at_most(limit: float, unit: str = "") -> Target:
    return Target(limit, False, unit)  # noqa: FBT003


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `value` is what the target judges."""

    name: str
    took: str
    value: float
    unit: str = ""  # none: a ratio
    against: str = ""
    against_took: str = ""
    target: Target | None = None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.target.is_met_by(self.value) else "MISSED"

    def cells(self) -> tuple[str, ...]:
        value = f"{self.value:.2f}" if self.value < 100 else f"{self.value:,.0f}"  # noqa: PLR2004
        target = "" if self.target is None else str(self.target)
        measured = (self.name, self.took, self.against, self.against_took)
        return (*measured, f"{value}{self.unit}", target, self.verdict)


def ratio(
    name: str,
    ours: float,
    against: str,
    theirs: float,
    *,
    target: Target | None = None,
    per: int = 1,
    is_speed: bool = True,
) -> Row:
    """Return the row of two times, each for `per` of something.

    A speed is how much of theirs ours reaches, a cost how many of theirs ours takes.
    """
    return Row(
        name=name,
        took=duration(ours / per),
        against=against,
        against_took=duration(theirs / per),
        value=theirs / ours if is_speed else ours / theirs,
        target=target,
    )


def duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"  # noqa: PLR2004


def markdown(rows: Iterable[Row]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
