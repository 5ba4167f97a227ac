"""Equity over time: what terminals told by the hour, beside what trades earned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """A balance with the equity that is known, and what the balance began with."""

    start: Decimal
    points: Sequence[CurvePoint]


def told_equity(bots: Sequence[BotInstance]) -> list[ToldEquity]:
    """Return the hours in which bots of one currency told their equity, in order.

    Bots on one account tell of the same money: it counts once. Accounts are added up
    hour by hour; one that is silent counts with what it told last, from its first hour
    on. Where several told in an hour, lowest and highest are what they ended with.
    """
    accounts = list(map(account_of, bots))
    numbers = {account: number for number, account in enumerate(accounts)}
    parameters: dict[str, Any] = {
        "bots": [bot.pk for bot in bots],
        "accounts": [numbers[account] for account in accounts],
    }
    with connection.cursor() as cursor:
        cursor.execute(TOLD, parameters)
        changes = cursor.fetchall()
    equity, balance, told = ZERO, ZERO, []
    for seconds, equity_change, balance_change, dip, rise in changes:
        equity += equity_change
        balance += balance_change
        hour = datetime.fromtimestamp(seconds, UTC)
        told.append(ToldEquity(hour, equity, equity - dip, equity + rise, balance))
    return told


def curve_with_equity(
    curve: Sequence[CurvePoint], told: Sequence[ToldEquity]
) -> EquityCurve:
    """Return the curve of closed trades with the equity that is known, hour by hour.

    The curve is raised so that it ends at the balance that was told last. Deposits and
    withdrawals are left out, as MetaTrader leaves them out of a drawdown: equity is
    moved by what the told balance had then that no trade explains. Equity holds until
    it is told anew, for four days at most. Where it is known the drawdown is that of
    equity: how far its lowest of an hour is below the highest of the hours before, or
    its end below the highest until then.
    """
    if not told:
        return EquityCurve(ZERO, curve)
    cash = _cash(curve, told)
    peak, points = cash[-1], []
    for hour, trades, balance, known in _hours(curve, told, cash):
        equity, low, high = (
            (known.equity, known.low, known.high) if known else (balance,) * 3
        )
        drawdown = max(peak - low, max(peak, high) - equity)
        peak = max(peak, high)
        told_equity = known.equity if known else None
        points.append(CurvePoint(hour, trades, balance, drawdown, told_equity))
    return EquityCurve(cash[-1], points)


def _cash(curve: Sequence[CurvePoint], told: Sequence[ToldEquity]) -> list[Decimal]:
    """Return what each told balance has that closed trades do not explain.

    A trade that closes after an hour's last report makes it look as if cash had come
    and gone in the next one: the median of three hours does not see it.
    """
    closed = _balances_at(curve, [each.hour for each in told])
    cash = [each.balance - earned for each, earned in zip(told, closed, strict=True)]
    before, after = [cash[0], *cash], [*cash[1:], cash[-1]]
    return [median_low(three) for three in zip(before, cash, after, strict=False)]


def _balances_at(
    curve: Sequence[CurvePoint], hours: Sequence[datetime]
) -> list[Decimal]:
    """Return what had been earned at the end of each of these hours."""
    place, balance, balances = 0, ZERO, []
    for hour in hours:
        while place < len(curve) and curve[place].hour <= hour:
            balance = curve[place].balance
            place += 1
        balances.append(balance)
    return balances


def _hours(
    curve: Sequence[CurvePoint], told: Sequence[ToldEquity], cash: Sequence[Decimal]
) -> Iterator[tuple[datetime, int, Decimal, ToldEquity | None]]:
    """Yield each hour of both: its closed trades, the balance, the equity if known."""
    start = cash[-1]
    closed = {point.hour: point for point in curve}
    known = {
        each.hour: each.moved(start - moved)
        for each, moved in zip(told, cash, strict=True)
    }
    balance, latest = start, None
    # Both are in order: sorting them is merging them.
    for hour, _ in groupby(sorted([*closed, *known])):
        point = closed.get(hour)
        balance = point.balance + start if point else balance
        latest = known.get(hour, latest)
        yield hour, point.trades if point else 0, balance, _held(latest, hour)


def _held(latest: ToldEquity | None, hour: datetime) -> ToldEquity | None:
    """Return what holds in an hour: what was told in it, or what an earlier left."""
    if latest is None or hour - latest.hour > HOLDS:
        return None
    if latest.hour == hour:
        return latest
    return latest._replace(low=latest.equity, high=latest.equity)
