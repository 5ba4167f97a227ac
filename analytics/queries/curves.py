"""The curve of some bots: a past that is kept, and the last weeks, read by the hour.

An account that trades for five years has forty thousand hours, and a drawdown is
measured from the highest of them. So what lies before this month is computed once and
kept in the cache: the last months hour by hour, all before thinned to some points a
day. A window into the thinned past reads its hours, from where its month begins.
"""

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import accumulate, groupby, pairwise
from operator import sub
from typing import NamedTuple

from django.core.cache import caches

from analytics.models import CurveVersion
from analytics.queries.equity import NEVER, Stand, continued, raised, told_equity
from analytics.queries.performance import ZERO, CurvePoint, balance_curve
from bots.models import BotInstance
from bots.queries import account_of
from smarttrader.lib.money import CENT
from smarttrader.lib.months import add_months, month_of

CACHE = "kept"
KEPT_SECONDS = 2 * 24 * 3600
# Another one where what is kept changes its form.
FORM = 1
# A roll-up and a sweep of equity have passed by then: nothing but a late trade, which
# tells of itself, changes a month that ended so long ago.
SETTLED = timedelta(days=2)
# Ninety days until now are the usual window; longer ones are as good from thinned days.
BY_HOUR = timedelta(days=92)
CENTS = 100


@dataclass(slots=True)
class Columns:
    """Points in order, in whole seconds and cents: ten thousand are read at once."""

    seconds: list[int] = field(default_factory=list)
    trades: list[int] = field(default_factory=list)  # since the point before
    balances: list[int] = field(default_factory=list)
    drawdowns: list[int] = field(default_factory=list)
    equities: list[int | None] = field(default_factory=list)

    def append(self, point: CurvePoint, trades: int) -> None:
        self.seconds.append(int(point.hour.timestamp()))
        self.trades.append(trades)
        self.balances.append(int(point.balance * CENTS))
        self.drawdowns.append(int(point.drawdown * CENTS))
        equity = point.equity
        self.equities.append(None if equity is None else int(equity * CENTS))

    def points(self, first: int, end: int, raised_by: int = 0) -> Iterator[CurvePoint]:
        """Yield points, balance and equity raised by some cents."""
        for seconds, trades, balance, drawdown, equity in zip(
            self.seconds[first:end],
            self.trades[first:end],
            self.balances[first:end],
            self.drawdowns[first:end],
            self.equities[first:end],
            strict=True,
        ):
            yield CurvePoint(
                datetime.fromtimestamp(seconds, UTC),
                trades,
                _money(balance + raised_by),
                _money(drawdown),
                None if equity is None else _money(equity + raised_by),
            )


class Segment(NamedTuple):
    """About a month of a curve, and where the curve stands before it."""

    since: datetime
    first: int  # the place of its first point
    stand: Stand
    is_whole: bool  # it has a point for each hour


@dataclass(frozen=True, slots=True)
class Past:
    """A curve up to the last segment, which is read anew each time."""

    columns: Columns
    segments: list[Segment]
    told_since: datetime | None

    @property
    def ends(self) -> Segment:
        return self.segments[-1]


@dataclass(frozen=True, slots=True)
class Curve:
    """Closed trades and equity of some bots in one currency.

    Balances begin with 0; a chart is raised by `start`, to the balance told last.
    Figures of closed trades are exact for whole UTC days, charts for any hours.
    """

    bots: Sequence[BotInstance]
    earliest: datetime  # no equity from before
    columns: Columns
    segments: Sequence[Segment]
    start: Decimal
    told_since: datetime | None

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """Return its first and its last hour."""
        hours = self.columns.seconds
        return (_moment(hours[0]), _moment(hours[-1])) if hours else None

    def deepest_drawdown(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Decimal:
        """Return the deepest fall of closed trades between two UTC midnights.

        From the highest point since then; None: without a bound.
        """
        first = self._place(start) if start else 0
        after = self._place(end) if end else len(self.columns.seconds)
        before = self.columns.balances[first - 1] if first else 0
        inside = self.columns.balances[first:after]
        peaks = accumulate([before, *inside], max)
        return _money(max(map(sub, peaks, [before, *inside])))

    def closed_since(self, start: datetime | None = None) -> list[CurvePoint]:
        """Return the hours in which trades closed, and the one before them.

        By the hour for the last three months. Their drawdown is that of the balance.
        """
        first = self._place(start) if start else 0
        while first and not self.columns.trades[first - 1]:
            first -= 1
        first = max(first - 1, 0)
        peak = _money(max(self.columns.balances[:first], default=0))
        points = []
        for point in self.columns.points(first, len(self.columns.seconds)):
            peak = max(peak, point.balance)
            if point.trades:
                points.append(
                    point._replace(drawdown=peak - point.balance, equity=None)
                )
        return points

    def between(self, start: datetime, end: datetime) -> list[CurvePoint]:
        """Return the points of a chart between two moments, and those around them.

        By the hour, but for windows longer than three months in the thinned past, whose
        first and last month alone are read by the hour.
        """
        points: list[CurvePoint] = []
        is_long = end - start > BY_HOUR
        parts = [
            (place, self._is_read(place, start, end, is_long=is_long))
            for place in self._touched(start, end)
        ]
        if parts and self.segments[parts[0][0]].first:
            first = self.segments[parts[0][0]].first
            points += self._kept(slice(first - 1, first))
        for is_read, group in groupby(parts, lambda part: part[1]):
            touched = [place for place, _ in group]
            bounds = touched[0], touched[-1]
            points += (
                self._read(*bounds) if is_read else self._kept(self._places_of(*bounds))
            )
        return points

    def _touched(self, start: datetime, end: datetime) -> Iterator[int]:
        for place, segment in enumerate(self.segments):
            if segment.since <= end and self._end_of(place) > start:
                yield place

    def _is_read(
        self, place: int, start: datetime, end: datetime, *, is_long: bool
    ) -> bool:
        if self.segments[place].is_whole:
            return False
        hours = self.columns.seconds[self._places_of(place, place)]
        return bool(hours) and not (
            is_long and start.timestamp() <= hours[0] and hours[-1] <= end.timestamp()
        )

    def _kept(self, places: slice) -> Iterator[CurvePoint]:
        return self.columns.points(
            places.start, places.stop, raised_by=int(self.start * CENTS)
        )

    def _read(self, first: int, last: int) -> Iterable[CurvePoint]:
        since, until = self.segments[first], self._end_of(last)
        hours = _hours(self.bots, self.earliest, since, until).points
        return [raised(point, self.start) for point in hours]

    def _places_of(self, first: int, last: int) -> slice:
        is_last = last + 1 == len(self.segments)
        after = len(self.columns.seconds) if is_last else self.segments[last + 1].first
        return slice(self.segments[first].first, after)

    def _end_of(self, place: int) -> datetime:
        is_last = place + 1 == len(self.segments)
        return NEVER if is_last else self.segments[place + 1].since

    def _place(self, moment: datetime) -> int:
        return bisect_left(self.columns.seconds, moment.timestamp())


def curve_of_bots(bots: Sequence[BotInstance], now: datetime) -> Curve:
    """Return the curve of bots of one currency, with what is kept of its past.

    That is kept under the versions of its bots, which are read before anything else:
    what changes meanwhile has another one. Nobody keeps it while Redis is away.
    """
    until = month_of(now - SETTLED)
    # Kept for 400 days, so that all of it is there as long as the month goes.
    earliest = add_months(until, -12)
    key = _key(bots, until)
    past: Past | None = caches[CACHE].get(key)
    if past is None:
        past, latest = _computed(bots, earliest, until)
        caches[CACHE].set(key, past, KEPT_SECONDS)
    else:
        latest = _latest(bots, earliest, past)
    return _together(bots, earliest, past, latest)


class _Latest(NamedTuple):
    """What follows the past."""

    points: list[CurvePoint]
    start: Decimal
    told_since: datetime | None


def _key(bots: Sequence[BotInstance], until: datetime) -> str:
    rows = CurveVersion.objects.filter(bot_instance__in=[bot.pk for bot in bots])
    versions: Mapping[uuid.UUID, uuid.UUID] = dict(
        rows.values_list("bot_instance_id", "version")
    )
    told = [FORM, until, sorted((bot.pk, account_of(bot)) for bot in bots)]
    told += [sorted(versions.items())]
    return f"curve-{blake2b(repr(told).encode(), digest_size=20).hexdigest()}"


def _computed(
    bots: Sequence[BotInstance], earliest: datetime, until: datetime
) -> tuple[Past, _Latest]:
    """Read every hour of a curve; return its past, thinned, and the rest."""
    closed = balance_curve([bot.pk for bot in bots])
    told = told_equity(bots, earliest=earliest, since=earliest)
    closed_hours = [point.hour for point in closed]
    told_hours = [each.hour for each in told]
    # Not later than the month: what is told late may be the first of all.
    first = min([until, *closed_hours[:1], *told_hours[:1]])
    columns, segments, stand = Columns(), [], Stand()
    bounds = _bounds(first, until, told_hours)
    for since, end in pairwise(bounds):
        points, next_stand = continued(
            stand,
            closed[bisect_left(closed_hours, since) : bisect_right(closed_hours, end)],
            told[bisect_left(told_hours, since) : bisect_right(told_hours, end)],
            until=end,
        )
        is_whole = end > until - BY_HOUR
        segments.append(Segment(since, len(columns.seconds), stand, is_whole))
        for point, trades in _whole(points) if is_whole else _thinned(points):
            columns.append(point, trades)
        stand = next_stand
    segments.append(Segment(bounds[-1], len(columns.seconds), stand, is_whole=True))
    past = Past(columns, segments, _before(told_hours[:1], bounds[-1]))
    points, end_stand = continued(
        stand,
        closed[bisect_left(closed_hours, bounds[-1]) :],
        told[bisect_left(told_hours, bounds[-1]) :],
    )
    told_since = told_hours[0] if told_hours else None
    return past, _Latest(points, end_stand.cash or ZERO, told_since)


def _bounds(
    first: datetime, until: datetime, told_hours: Sequence[datetime]
) -> list[datetime]:
    """Return where the segments begin, and where the past ends.

    About with each month: with the hour in which equity was told last before it, as
    what is told next may still change what is known of that hour.
    """
    bounds = [first]
    month = add_months(month_of(first), 1)
    while month <= until:
        place = bisect_left(told_hours, month)
        bound = told_hours[place - 1] if place else month
        if bound > bounds[-1]:
            bounds.append(bound)
        month = add_months(month, 1)
    return bounds


def _before(hours: Sequence[datetime], end: datetime) -> datetime | None:
    return hours[0] if hours and hours[0] < end else None


def _latest(bots: Sequence[BotInstance], earliest: datetime, past: Past) -> _Latest:
    points, stand, told_since = _hours(bots, earliest, past.ends, NEVER)
    return _Latest(points, stand.cash or ZERO, past.told_since or told_since)


class _Hours(NamedTuple):
    points: list[CurvePoint]
    stand: Stand
    told_since: datetime | None


def _hours(
    bots: Sequence[BotInstance], earliest: datetime, since: Segment, until: datetime
) -> _Hours:
    """Read the hours from where a segment begins up to, and without, a bound."""
    bounds = {"since": since.since, "until": until}
    closed = balance_curve(
        [bot.pk for bot in bots], opening=since.stand.balance, **bounds
    )
    told = told_equity(bots, earliest=earliest, **bounds)
    points, stand = continued(since.stand, closed, told, until=until)
    return _Hours(points, stand, told[0].hour if told else None)


def _together(
    bots: Sequence[BotInstance], earliest: datetime, past: Past, latest: _Latest
) -> Curve:
    for point in latest.points:
        past.columns.append(point, point.trades)
    return Curve(
        bots, earliest, past.columns, past.segments, latest.start, latest.told_since
    )


def _whole(points: Sequence[CurvePoint]) -> Iterator[tuple[CurvePoint, int]]:
    for point in points:
        yield point, point.trades


def _thinned(points: Sequence[CurvePoint]) -> Iterator[tuple[CurvePoint, int]]:
    """Yield what tells of each UTC day, with the trades since the point before.

    That is M4 over two series, and the deepest fall within the day: so the extremes and
    the drawdowns of any whole days are those of all hours.
    """
    for _, group in groupby(points, lambda point: point.hour.date()):
        day = list(group)
        closed_before = 0
        for place in sorted(_telling(day)):
            trades = sum(point.trades for point in day[closed_before : place + 1])
            closed_before = place + 1
            yield day[place], trades


def _telling(day: Sequence[CurvePoint]) -> set[int]:
    balances = [point.balance for point in day]
    drawdowns = [point.drawdown for point in day]
    equities = [
        point.balance if point.equity is None else point.equity for point in day
    ]
    falls = list(map(sub, accumulate(balances, max), balances))
    low = falls.index(max(falls))
    high = balances.index(max(balances[: low + 1]))
    return {
        0,
        len(day) - 1,
        balances.index(min(balances)),
        balances.index(max(balances)),
        drawdowns.index(max(drawdowns)),
        equities.index(min(equities)),
        equities.index(max(equities)),
        low,
        high,
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _money(cents: int) -> Decimal:
    return CENT * cents
