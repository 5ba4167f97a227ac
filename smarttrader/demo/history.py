"""A year of the demo's trades, as its simulated EAs would have reported them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from smarttrader.demo.cast import SEED
from smarttrader.simulation.market import Market
from smarttrader.simulation.payloads import Dialect
from smarttrader.simulation.strategy import Account, Ticket, Trader
from trading.models import TradeStatus, TradeType
from trading.services.ticks import TickReport
from trading.services.trades import TradeReport

SPAN = timedelta(days=365)
TICKS_SPAN = timedelta(days=3)
TICK_STEP = timedelta(minutes=15)
PLAIN = Dialect()


@dataclass(frozen=True, slots=True)
class History:
    """What is known at the beginning of a day, in the order of closing."""

    trader: Trader
    tickets: Sequence[Ticket]
    at: datetime

    @property
    def open_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.closed_at > self.at]

    @property
    def closed_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.closed_at <= self.at]

    @property
    def balance(self) -> Decimal:
        earned = sum((each.net for each in self.closed_tickets), start=Decimal(0))
        return self.trader.account.deposit + earned

    @property
    def equity(self) -> Decimal:
        floating = (self.trader.floating(each, self.at) for each in self.open_tickets)
        return self.balance + sum(floating, start=Decimal(0))


def history_of(account: Account, day: datetime) -> History:
    """Make up a year of an account's first strategy, until the beginning of a day."""
    trader = Trader(account, Market(SEED), SEED)
    tickets = [
        ticket
        for ticket in trader.tickets(account.strategies[0], day - SPAN, day)
        if ticket.appears_at <= day
    ]
    tickets.sort(key=lambda ticket: (ticket.closed_at, ticket.number))
    return History(trader, tickets, day)


def trade_reports(history: History) -> list[TradeReport]:
    return [
        _trade_report(PLAIN.trade(history.trader, ticket, history.at), ticket)
        for ticket in history.tickets
    ]


def tick_reports(history: History) -> list[TickReport]:
    """Return the last days' prices of the open trades."""
    reports = []
    for ticket in history.open_tickets:
        at = max(ticket.appears_at, history.at - TICKS_SPAN)
        while at <= history.at:
            told = PLAIN.tick(history.trader, ticket, at)
            reports.append(
                TickReport(
                    ticket_number=told["ticket_number"],
                    current_price=Decimal(told["current_price"]),
                    unrealized_profit=Decimal(told["unrealized_profit"]),
                    recorded_at=at,
                )
            )
            at += TICK_STEP
    return reports


def _trade_report(told: dict[str, Any], ticket: Ticket) -> TradeReport:
    status = TradeStatus(told["status"])
    is_closed = status == TradeStatus.CLOSED
    return TradeReport(
        ticket_number=str(ticket.number),
        symbol=ticket.symbol,
        trade_type=TradeType.BUY if ticket.is_buy else TradeType.SELL,
        lot_size=Decimal(told["lot_size"]),
        open_price=Decimal(told["open_price"]),
        opened_at=ticket.opened_at,
        status=status,
        close_price=Decimal(told["close_price"]) if is_closed else None,
        closed_at=ticket.closed_at if is_closed else None,
        stop_loss=Decimal(told["stop_loss"]),
        take_profit=Decimal(told["take_profit"]),
        commission=Decimal(told["commission"]),
        swap=Decimal(told["swap"]) if is_closed else Decimal(0),
        profit=Decimal(told["profit"]),
        strategy_used=ticket.strategy,
        magic_number=ticket.magic_number,
        comment=told["comment"],
    )
