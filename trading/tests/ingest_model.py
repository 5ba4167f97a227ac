"""The rules of ingestion in plain Python, to hold the database against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bots.services.logs import LogLine
from trading.models import TradeStatus
from trading.services.ticks import TickReport
from trading.services.trades import TradeReport

A_DAY = timedelta(days=1)
KEPT_FROM_THE_FIRST = ("symbol", "trade_type", "open_price", "opened_at")
FOLLOWED = (
    "lot_size",
    "stop_loss",
    "take_profit",
    "commission",
    "swap",
    "profit",
    "profit_percentage",
    "strategy_used",
    "magic_number",
    "comment",
)
OF_THE_END = ("status", "close_price", "closed_at", "duration_seconds")
FIGURES = ("lot_size", "close_price", "profit", "commission", "swap")
STOPS = ("stop_loss", "take_profit")
FILLED_LATER = ("profit_percentage", "strategy_used", "magic_number", "comment")
COLUMNS = (*KEPT_FROM_THE_FIRST, *FOLLOWED, *OF_THE_END)


@dataclass
class Book:
    """What is stored of a bot when every report was taken by the rules."""

    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    ticks: set[tuple[str, datetime]] = field(default_factory=set)
    disputed: set[str] = field(default_factory=set)
    lines: set[tuple[int | None, datetime | None, str]] = field(default_factory=set)

    def report(self, report: TradeReport, *, is_licensed: bool) -> str:
        """Take a report; return created, updated, unchanged or unknown."""
        trade = self.trades.get(report.ticket_number)
        if trade is None and not is_licensed:
            return "unknown"
        if trade is None:
            self.trades[report.ticket_number] = _new_trade(report)
            return "created"
        before = dict(trade)
        if trade["status"] == TradeStatus.OPEN:
            _follow(trade, report)
            self._drop_late_ticks(report.ticket_number)
        elif _disputes(trade, report):
            self.disputed.add(report.ticket_number)
        elif is_licensed:
            _fill(trade, report)
        return "unchanged" if trade == before else "updated"

    def tick(self, tick: TickReport) -> str:
        """Take a tick; return created, unchanged or the code of its refusal."""
        trade = self.trades.get(tick.ticket_number)
        if trade is None:
            return "UNKNOWN_TICKET"
        ended_at = trade["closed_at"] or tick.recorded_at
        if not trade["opened_at"] - A_DAY <= tick.recorded_at <= ended_at + A_DAY:
            return "TICK_OUT_OF_RANGE"
        key = (tick.ticket_number, tick.recorded_at)
        if key in self.ticks:
            return "unchanged"
        self.ticks.add(key)
        return "created"

    def log(self, line: LogLine) -> str:
        key = (line.client_seq, line.created_at, line.message)
        if key in self.lines:
            return "unchanged"
        self.lines.add(key)
        return "created"

    def _drop_late_ticks(self, ticket: str) -> None:
        closed_at = self.trades[ticket]["closed_at"]
        self.ticks = {
            (of, at)
            for of, at in self.ticks
            if of != ticket or closed_at is None or at <= closed_at + A_DAY
        }


def _told(report: TradeReport, name: str) -> bool:
    return getattr(report, name) not in (None, "")


def _value(report: TradeReport, name: str) -> Any:
    value = getattr(report, name)
    is_no_stop = name in STOPS and value == 0
    return None if is_no_stop else value


def _new_trade(report: TradeReport) -> dict[str, Any]:
    trade = {name: getattr(report, name) for name in KEPT_FROM_THE_FIRST}
    trade |= dict.fromkeys(FOLLOWED) | dict.fromkeys(OF_THE_END)
    trade |= {"commission": Decimal(0), "swap": Decimal(0), "comment": ""}
    _follow(trade, report)
    return trade


def _follow(trade: dict[str, Any], report: TradeReport) -> None:
    trade |= {
        name: _value(report, name) for name in FOLLOWED if _told(report, name)
    } | {"status": report.status}
    if report.status == TradeStatus.OPEN:
        return
    trade["close_price"] = report.close_price
    if report.closed_at is None:
        return
    trade["duration_seconds"] = (report.closed_at - report.opened_at).total_seconds()
    trade["closed_at"] = report.closed_at
    if report.closed_at < trade["opened_at"]:
        trade["closed_at"] += trade["opened_at"] - report.opened_at


def _disputes(trade: dict[str, Any], report: TradeReport) -> bool:
    return report.status != TradeStatus.OPEN and any(
        getattr(report, name) != trade[name] for name in FIGURES if _told(report, name)
    )


def _fill(trade: dict[str, Any], report: TradeReport) -> None:
    stops = STOPS if report.status == TradeStatus.OPEN else ()
    for name in (*FILLED_LATER, *stops):
        if trade[name] in (None, "") and _told(report, name):
            trade[name] = _value(report, name)
