"""EAs: report trades, and their prices while they are open."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from django.http import HttpResponse

from bots.authentication import BotView
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid
from smarttrader.lib.money import CENT, FOUR_PLACES, POINT
from trading import queries
from trading.models import TradeStatus, TradeType
from trading.services.ticks import TickReport, record_ticks
from trading.services.trades import RecordedTrades, TradeReport, record_trades

Report = TypeVar("Report", TradeReport, TickReport)

OF_THE_CALL = {"token", "nonce"}
AMOUNT_LIMIT = Decimal("1e8")  # NUMERIC(10,2)
PRICE_LIMIT = Decimal("1e10")  # NUMERIC(15,5)
PERCENT_LIMIT = Decimal("1e6")  # NUMERIC(10,4)
BIGGEST_INTEGER = 2**63 - 1
TICKET = re.compile(r"[\x21-\x7e]{1,50}")
MARKET_TYPES = {
    **dict.fromkeys(("buy", "op_buy", "0"), TradeType.BUY),
    **dict.fromkeys(("sell", "op_sell", "1"), TradeType.SELL),
}
PENDING_TYPES = {
    **dict.fromkeys(("op_buylimit", "buylimit", "buy limit", "2"), TradeType.BUY),
    **dict.fromkeys(("op_selllimit", "selllimit", "sell limit", "3"), TradeType.SELL),
    **dict.fromkeys(("op_buystop", "buystop", "buy stop", "4"), TradeType.BUY),
    **dict.fromkeys(("op_sellstop", "sellstop", "sell stop", "5"), TradeType.SELL),
}
STATUSES = {status.value: status.value for status in TradeStatus}


@dataclass(frozen=True, slots=True)
class Rejection:
    index: int
    ticket_number: str
    code: str
    field: str
    message: str

    def as_reply(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "ticket_number": self.ticket_number,
            "code": self.code,
            "field": self.field,
            "message": self.message,
        }


@dataclass(slots=True)
class Batch:
    """The items of a call: those that can be taken, by index, and those that cannot."""

    reports: dict[int, Any] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)

    def reject(self, index: int, code: str, message: str, field_name: str = "") -> None:
        report = self.reports.pop(index, None)
        ticket = report.ticket_number if report else ""
        self.rejected.append(Rejection(index, ticket, code, field_name, message))


class BatchView(BotView):
    """A call with a list of items, of which each is taken or refused by itself."""

    def items(self) -> list[Any]:
        """Return the call's list; a body with fields of its own is the only item."""
        if self.list_name in self.body:
            items = self.body[self.list_name]
        else:
            items = [self.body] if self.body.keys() - OF_THE_CALL else []
        if not isinstance(items, list):
            raise FieldInvalid(self.list_name, f"{self.list_name} is a list.")
        return items

    def read_items(self, read: Callable[[Fields], Report]) -> Batch:
        batch = Batch()
        for index, item in enumerate(self.items()):
            try:
                batch.reports[index] = read(self.fields_of(item))
            except FieldInvalid as error:
                batch.rejected.append(
                    Rejection(
                        index,
                        _told_ticket(item),
                        error.code,
                        error.field,
                        error.message,
                    )
                )
        return batch

    def reply_to(self, batch: Batch, recorded: RecordedTrades) -> HttpResponse:
        batch.rejected.sort(key=lambda rejection: rejection.index)
        first = batch.rejected[0] if batch.rejected else None
        accepted = recorded.created + recorded.updated + recorded.unchanged
        values: dict[str, Any] = {
            "accepted": accepted,
            "created": recorded.created,
            "updated": recorded.updated,
            "unchanged": recorded.unchanged,
            "rejected_count": len(batch.rejected),
            "first_rejected_index": first.index if first else "",
            "first_rejected_code": first.code if first else "",
            "first_rejected_field": first.field if first else "",
            "rejected": [rejection.as_reply() for rejection in batch.rejected],
        }
        standing = self.running.standing
        if not standing.is_valid:
            raise EaRefusal(403, standing.code, standing.message, values=values)
        if batch.rejected and not accepted:
            raise EaRefusal(
                400, "ALL_REJECTED", "No item could be taken.", values=values
            )
        return self.reply("OK", "Recorded.", **values)


class RecordTrades(BatchView):
    list_name = "trades"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        batch = self.read_items(self._report_of)
        self._keep_known_tickets(batch)
        recorded = record_trades(
            bot=self.running.bot, reports=list(batch.reports.values()), now=self.now
        )
        return self.reply_to(batch, recorded)

    def _keep_known_tickets(self, batch: Batch) -> None:
        """Under a lapsed license go on with known positions, and take no new one."""
        standing = self.running.standing
        if standing.is_valid:
            return
        tickets = {report.ticket_number for report in batch.reports.values()}
        known = queries.known_trades(self.running.bot, tickets)
        for index, report in list(batch.reports.items()):
            if report.ticket_number not in known:
                batch.reject(index, standing.code, standing.message)

    def _report_of(self, fields: Fields) -> TradeReport:
        opened_at = fields.required_moment("opened_at", now=self.now)
        closed_at = fields.moment("closed_at", now=self.now)
        told = fields.choice("status", STATUSES)
        status = TradeStatus(
            told or (TradeStatus.CLOSED if closed_at else TradeStatus.OPEN)
        )
        if status == TradeStatus.OPEN:
            closed_at = None
        lot_size = fields.required_number("lot_size", step=CENT, below=AMOUNT_LIMIT)
        if lot_size <= 0:
            raise FieldInvalid("lot_size", "lot_size is above 0.", "OUT_OF_RANGE")
        report = TradeReport(
            ticket_number=_ticket(fields),
            symbol=fields.required_text("symbol", limit=20),
            trade_type=_trade_type(fields, status),
            status=status,
            lot_size=lot_size,
            open_price=fields.required_number(
                "open_price", step=POINT, below=PRICE_LIMIT
            ),
            opened_at=opened_at,
            # Without a close, OrderClosePrice() is the price of the moment.
            close_price=_price(fields, "close_price") if closed_at else None,
            closed_at=closed_at,
            stop_loss=_price(fields, "stop_loss"),
            take_profit=_price(fields, "take_profit"),
            commission=_amount(fields, "commission"),
            swap=_amount(fields, "swap"),
            profit=_amount(fields, "profit"),
            profit_percentage=fields.number(
                "profit_percentage", step=FOUR_PLACES, below=PERCENT_LIMIT
            ),
            strategy_used=fields.text("strategy_used", limit=50),
            magic_number=fields.integer(
                "magic_number", smallest=-BIGGEST_INTEGER, largest=BIGGEST_INTEGER
            ),
            comment=fields.text("comment", limit=255) or "",
        )
        _check_close(report)
        return report


class RecordTicks(BatchView):
    list_name = "ticks"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        batch = self.read_items(self._tick_of)
        indexes = list(batch.reports)
        recorded = record_ticks(
            bot=self.running.bot, ticks=list(batch.reports.values()), now=self.now
        )
        for position, code in recorded.refusals.items():
            batch.reject(indexes[position], code, MESSAGES[code])
        return self.reply_to(
            batch, RecordedTrades(recorded.created, 0, recorded.unchanged)
        )

    def _tick_of(self, fields: Fields) -> TickReport:
        return TickReport(
            ticket_number=_ticket(fields),
            current_price=fields.required_number(
                "current_price", step=POINT, below=PRICE_LIMIT
            ),
            unrealized_profit=fields.required_number(
                "unrealized_profit", step=CENT, below=AMOUNT_LIMIT
            ),
            recorded_at=fields.required_moment("recorded_at", now=self.now),
        )


MESSAGES = {
    "UNKNOWN_TICKET": "Report the trade first.",
    "TICK_OUT_OF_RANGE": "The tick lies more than a day outside its trade's life.",
    "TOO_OLD": "Ticks are kept for 365 days.",
}


def _ticket(fields: Fields) -> str:
    ticket = fields.required_text("ticket_number", limit=50)
    if not TICKET.fullmatch(ticket):
        raise FieldInvalid("ticket_number", "ticket_number is printable ASCII.")
    # MetaTrader counts tickets; zeros before a number do not make it another.
    return (ticket.lstrip("0") or "0") if ticket.isdigit() else ticket


def _told_ticket(item: Any) -> str:
    ticket = item.get("ticket_number", "") if isinstance(item, dict) else ""
    return str(ticket)[:50] if isinstance(ticket, str | int) else ""


def _trade_type(fields: Fields, status: TradeStatus) -> TradeType:
    spellings = MARKET_TYPES
    if status == TradeStatus.CANCELLED:
        spellings = MARKET_TYPES | PENDING_TYPES
    trade_type = fields.choice("trade_type", spellings)
    if trade_type is None:
        raise FieldInvalid("trade_type", "trade_type is missing.")
    return TradeType(trade_type)


def _price(fields: Fields, name: str) -> Decimal | None:
    return fields.number(name, step=POINT, below=PRICE_LIMIT)


def _amount(fields: Fields, name: str) -> Decimal | None:
    return fields.number(name, step=CENT, below=AMOUNT_LIMIT)


def _check_close(report: TradeReport) -> None:
    if report.closed_at is not None and report.closed_at < report.opened_at:
        raise FieldInvalid(
            "closed_at", "The trade closed before it opened.", "CLOSED_BEFORE_OPENED"
        )
    if report.status != TradeStatus.CLOSED:
        return
    for name in ("closed_at", "close_price", "profit"):
        if getattr(report, name) is None:
            raise FieldInvalid(name, f"A closed trade has {name}.")
