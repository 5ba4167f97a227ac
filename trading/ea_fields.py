"""What EAs report of trades and prices, read for the doors that take it."""

from datetime import datetime
from decimal import Decimal

from licensing.standing import Standing
from smarttrader.lib.ea.batch import Batch, Counts
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import FieldInvalid
from smarttrader.lib.money import CENT, FOUR_PLACES, POINT
from trading.models import TradeStatus, TradeType
from trading.services.ticks import RecordedTicks, TickReport
from trading.services.trades import RecordedTrades, TradeReport

AMOUNT_LIMIT = Decimal("1e8")  # NUMERIC(10,2)
PRICE_LIMIT = Decimal("1e10")  # NUMERIC(15,5)
PERCENT_LIMIT = Decimal("1e6")  # NUMERIC(10,4)
BIGGEST_INTEGER = 2**63 - 1
LONGEST_TICKET, LONGEST_PADDED_TICKET = 50, 1000
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
TICK_REFUSALS = {
    "UNKNOWN_TICKET": "Report the trade first.",
    "TICK_OUT_OF_RANGE": "The tick lies more than a day outside its trade's life.",
    "TOO_OLD": "Ticks are kept for 365 days.",
}


def trade_of(fields: Fields, *, now: datetime) -> TradeReport:
    """Return what an item says of a trade. Raises FieldInvalid."""
    opened_at = fields.required_moment("opened_at", now=now)
    closed_at = fields.moment("closed_at", now=now, zero_is_absent=True)
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
        open_price=fields.required_number("open_price", step=POINT, below=PRICE_LIMIT),
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


def tick_of(fields: Fields, *, now: datetime) -> TickReport:
    """Return what an item says of a trade's price. Raises FieldInvalid."""
    return TickReport(
        ticket_number=_ticket(fields),
        current_price=fields.required_number(
            "current_price", step=POINT, below=PRICE_LIMIT
        ),
        unrealized_profit=fields.required_number(
            "unrealized_profit", step=CENT, below=AMOUNT_LIMIT
        ),
        recorded_at=fields.required_moment("recorded_at", now=now),
    )


def trade_counts(
    batch: Batch[TradeReport], recorded: RecordedTrades, standing: Standing
) -> Counts:
    """Count what became of a batch; refuse its new tickets by the license's code.

    Under a valid license a ticket is unknown only if its trade was deleted meanwhile.
    """
    code, message = standing.code, standing.message
    if standing.is_valid:
        code, message = "UNKNOWN_TICKET", "The trade was deleted: send it again."
    for index, report in list(batch.taken.items()):
        if report.ticket_number in recorded.unknown:
            batch.reject(index, code, message)
    return Counts(recorded.created, recorded.updated, recorded.unchanged)


def tick_counts(batch: Batch[TickReport], recorded: RecordedTicks) -> Counts:
    """Count what became of a batch; refuse the ticks that were not taken."""
    indexes = list(batch.taken)
    for position, code in recorded.refusals.items():
        batch.reject(indexes[position], code, TICK_REFUSALS[code])
    return Counts(recorded.created, unchanged=recorded.unchanged)


def _ticket(fields: Fields) -> str:
    ticket = fields.required_printable("ticket_number", limit=LONGEST_PADDED_TICKET)
    if ticket.isdigit():
        # MetaTrader counts tickets; zeros before a number do not make it another.
        ticket = ticket.lstrip("0") or "0"
    if len(ticket) > LONGEST_TICKET:
        raise FieldInvalid(
            "ticket_number", f"ticket_number has at most {LONGEST_TICKET} characters."
        )
    return ticket


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
