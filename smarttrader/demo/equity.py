"""A year of the demo's equity, as the sweeps of its hours would have seen it."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.models import EquityHour
from bots.models import BotInstance
from smarttrader.demo.history import SPAN, History
from smarttrader.simulation.strategy import Ticket, hour_of

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
# To price each open trade in each hour of a year would double the time of a seed.
HOURLY_SPAN, COARSE_STEP = timedelta(days=60), timedelta(hours=6)


def equity_hours(bot: BotInstance, history: History) -> list[EquityHour]:
    """Return the hours at whose ends the demo looked: each of the last two months."""
    rows: list[EquityHour] = []
    for at, balance, equity in _held(history):
        before = rows[-1].close if rows else equity
        rows.append(
            EquityHour(
                bot_instance=bot,
                hour_start=hour_of(at),
                open=before,
                high=max(before, equity),
                low=min(before, equity),
                close=equity,
                balance=balance,
                told_at=at,
            )
        )
    return rows


def _held(history: History) -> Iterator[tuple[datetime, Decimal, Decimal]]:
    """Yield moments with the balance and the equity then."""
    trader = history.trader
    waiting = deque(sorted(history.tickets, key=lambda ticket: ticket.appears_at))
    balance, running = Decimal(trader.account.deposit), list[Ticket]()
    for at in _moments(history.at):
        while waiting and waiting[0].appears_at <= at:
            running.append(waiting.popleft())
        balance += sum(ticket.net for ticket in running if ticket.closed_at <= at)
        running = [ticket for ticket in running if ticket.closed_at > at]
        floating = sum(trader.floating(ticket, at) for ticket in running)
        yield at, balance, balance + floating


def _moments(end: datetime) -> Iterator[datetime]:
    """Yield the last seconds of hours up to the end."""
    at = end - SPAN
    while at < end:
        at += HOUR if at >= end - HOURLY_SPAN else COARSE_STEP
        yield at - SECOND
