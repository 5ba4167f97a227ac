"""Equity over time: what terminals told by the hour, beside what trades earned."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from statistics import median_low
from typing import Any, NamedTuple

from django.db import connection

from analytics.queries.performance import ZERO, CurvePoint
from bots.models import BotInstance
from bots.queries import account_of

TOLD = (Path(__file__).parent.parent / "sql" / "told_equity.sql").read_text()
# A long weekend with the terminal off; after that nobody knows what open trades became.
HOLDS = timedelta(days=4)
EVER, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class ToldEquity(NamedTuple):
    """What the accounts of some bots held in an hour: at its end, at least, at most."""

    hour: datetime
    equity: Decimal
    low: Decimal
    high: Decimal
    balance: Decimal

    def moved(self, amount: Decimal) -> "ToldEquity":
        return ToldEquity(
            self.hour,
            self.equity + amount,
            self.low + amount,
            self.high + amount,
            self.balance,
        )


class Stand(NamedTuple):
    """Where a curve stands between two hours, as if its balance had begun with 0."""

    balance: Decimal = ZERO
    peak: Decimal = ZERO
    cash: Decimal | None = None  # of the balance told last, what no trade explains
    equity: ToldEquity | None = None  # as told last, without that cash


class Continued(NamedTuple):
    points: list[CurvePoint]
    stand: Stand


def told_equity(
    bots: Sequence[BotInstance],
    *,
    earliest: datetime = EVER,
    since: datetime = EVER,
    until: datetime = NEVER,
) -> list[ToldEquity]:
    """Return the hours in which bots of one currency told their equity, in order.

    Bots on one account tell of the same money: it counts once. Accounts are added up
    hour by hour; one that is silent counts with what it told last, from its first hour
    on, but not with what it told before the `earliest`. Where several told in an hour,
    lowest and highest are what they ended with. Returned are hours from `since` up to
    `until`, and it among them.
    """
    accounts = list(map(account_of, bots))
    numbers = {account: number for number, account in enumerate(accounts)}
    parameters: dict[str, Any] = {
        "bots": [bot.pk for bot in bots],
        "accounts": [numbers[account] for account in accounts],
        "earliest": earliest,
        "since": max(since, earliest),
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOLD, parameters)
        changes = cursor.fetchall()
    equity, balance, told = ZERO, ZERO, []
    first = since.timestamp()
    for seconds, equity_change, balance_change, dip, rise in changes:
        equity += equity_change
        balance += balance_change
        if seconds >= first:
            hour = datetime.fromtimestamp(seconds, UTC)
            told.append(ToldEquity(hour, equity, equity - dip, equity + rise, balance))
    return told


def raised(point: CurvePoint, amount: Decimal) -> CurvePoint:
    hour, trades, balance, drawdown, equity = point
    known = None if equity is None else equity + amount
    return CurvePoint(hour, trades, balance + amount, drawdown, known)


def continued(
    stand: Stand,
    curve: Sequence[CurvePoint],
    told: Sequence[ToldEquity],
    *,
    until: datetime = NEVER,
) -> Continued:
    """Go on with a curve by its next hours up to, and without, one; tell where it ends.

    Both may reach further: what is told next decides what cash an hour had. Deposits
    and withdrawals are left out, as MetaTrader leaves them out of a drawdown: equity is
    moved by what the told balance had then that no trade explains. Equity holds until
    it is told anew, for four days at most. Where it is known the drawdown is that of
    equity: how far its lowest of an hour is below the highest of the hours before, or
    its end below the highest until then.
    """
    raw = _cash(stand, curve, told)
    moved = _smoothed(stand, raw)
    known = {
        each.hour: each.moved(-cash) for each, cash in zip(told, moved, strict=True)
    }
    balance, peak, latest = stand.balance, stand.peak, stand.equity
    points = []
    for hour, point in _hours(curve, known):
        if hour >= until:
            break
        if point:
            balance = point.balance
        latest = known.get(hour, latest)
        holds = _held(latest, hour)
        equity, low, high = (
            (holds.equity, holds.low, holds.high) if holds else (balance,) * 3
        )
        drawdown = max(peak - low, max(peak, high) - equity)
        peak = max(peak, high)
        trades, told_then = point.trades if point else 0, holds and holds.equity
        points.append(CurvePoint(hour, trades, balance, drawdown, told_then))
    cash = stand.cash
    for each, unexplained in zip(told, raw, strict=True):
        if each.hour < until:
            cash = unexplained
    return Continued(points, Stand(balance, peak, cash, latest))


def _cash(
    stand: Stand, curve: Sequence[CurvePoint], told: Sequence[ToldEquity]
) -> list[Decimal]:
    """Return what each told balance has that closed trades do not explain."""
    closed = _balances_at(stand, curve, [each.hour for each in told])
    return [each.balance - earned for each, earned in zip(told, closed, strict=True)]


def _smoothed(stand: Stand, cash: Sequence[Decimal]) -> list[Decimal]:
    """Return the median of each three in a row.

    A trade that closes after an hour's last report makes it look as if cash had come
    and gone in the next one: the median of three hours does not see it.
    """
    if not cash:
        return []
    before = [cash[0] if stand.cash is None else stand.cash, *cash]
    after = [*cash[1:], cash[-1]]
    return [median_low(three) for three in zip(before, cash, after, strict=False)]


def _balances_at(
    stand: Stand, curve: Sequence[CurvePoint], hours: Sequence[datetime]
) -> list[Decimal]:
    """Return what had been earned at the end of each of these hours."""
    place, balance, balances = 0, stand.balance, []
    for hour in hours:
        while place < len(curve) and curve[place].hour <= hour:
            balance = curve[place].balance
            place += 1
        balances.append(balance)
    return balances


def _hours(
    curve: Sequence[CurvePoint], known: Mapping[datetime, ToldEquity]
) -> Iterator[tuple[datetime, CurvePoint | None]]:
    """Yield each hour of both, in order, with what closed in it."""
    closed = {point.hour: point for point in curve}
    # Both are in order: sorting them is merging them.
    for hour, _ in groupby(sorted([*closed, *known])):
        yield hour, closed.get(hour)


def _held(latest: ToldEquity | None, hour: datetime) -> ToldEquity | None:
    """Return what holds in an hour: what was told in it, or what an earlier left."""
    if latest is None or hour - latest.hour > HOLDS:
        return None
    if latest.hour == hour:
        return latest
    return latest._replace(low=latest.equity, high=latest.equity)
