"""Read a MetaTrader 4 account statement ("Save as Report", plain or detailed)."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _
from lxml import etree

from smarttrader.lib.errors import DomainError
from smarttrader.lib.text import clean_text
from trading.models import TradeStatus, TradeType
from trading.statements.decoding import Utf8Stream
from trading.statements.rows import CashRow, Header, PrintedTotals, TradeRow
from trading.statements.table import Heading, Row, read_table

# A row's shape: how many columns each of its cells spans.
TRADE = (1,) * 14
PENDING = (1,) * 10 + (4,)
CASH = (1, 1, 1, 10, 1)
MAGIC_AND_COMMENT = (9, 1, 3)
SUMS = (10, 1, 1, 1, 1)
CLOSED_PROFIT = (12, 2)
FLOATING_PROFIT = (10, 2, 2)
TESTER_HEADER_CELLS = 10

# In the summary, values stand at the same columns whatever their labels' language.
FIRST, SECOND, THIRD = (2, 2), (8, 1), (12, 2)  # (column, span)
SUMMARY_ROWS = 3
DETAILS = [
    (FIRST, SECOND, THIRD),  # gross profit, gross loss, total net profit
    (FIRST, SECOND),  # profit factor, expected payoff
    (FIRST, SECOND, THIRD),  # drawdown: absolute, maximal, relative
    (FIRST, SECOND, THIRD),  # trades: all, short, long
    *[(SECOND, THIRD)] * 6,  # profit and loss: trades, largest, average, 3 of streaks
]

ACCOUNT = re.compile(r"[:：]\s*([0-9]{1,50})$")
CURRENCY = re.compile(r"[:：]\s*([A-Z]{3})$")
AFTER_COLON = re.compile(r"[:：]\s*(.*)$")
MAGIC = re.compile(r"#([0-9]+)(?:\s+(.*))?$")
TICKET = re.compile(r"[0-9]{1,50}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
TIME = re.compile(
    r"([0-9]{4})\.([0-9]{2})\.([0-9]{2}) ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
)
MARKET_TYPES = {"buy": TradeType.BUY, "sell": TradeType.SELL}
BIGGEST_MAGIC = 2**63 - 1
COMMENT_LENGTH, SYMBOL_LENGTH, NAME_LENGTH = 255, 20, 100
# Outside of these, moving a time to UTC may leave the calendar.
FIRST_YEAR, LAST_YEAR = 1970, 9998


class NotAStatement(DomainError):
    code = "NOT_A_STATEMENT"
    title = _(
        "This is not an account statement of MetaTrader 4. In the terminal, right-click"
        " into Account History and choose Save as Detailed Report"
    )
    kind = "invalid"


class StrategyTesterReport(DomainError):
    code = "STRATEGY_TESTER_REPORT"
    title = _("This is a report of the Strategy Tester: a back-test is not an account")
    kind = "invalid"


class StatementUnreadable(DomainError):
    code = "STATEMENT_UNREADABLE"
    title = _("The statement holds a row that cannot be read")
    kind = "invalid"


class StatementReader:
    """Iterate to get the statement's rows; `header` stands from the first row on.

    `totals` is complete once the iteration has ended. Raises NotAStatement,
    StrategyTesterReport, StatementUnreadable and EncodingUnknown.
    """

    def __init__(
        self,
        stream: BinaryIO,
        encoding: str,
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        self.totals = PrintedTotals()
        self._stream = Utf8Stream(stream, encoding, on_progress)
        self._header: Header | None = None
        self._broker = ""
        self._sections = 0  # closed trades, open trades, working orders
        # A trade's row waits for its second row: (row, magic number, comment).
        self._pending_row: tuple[Row, str | None, str | None] | None = None
        self._summary: list[dict[tuple[int, int], str]] = []

    @property
    def header(self) -> Header:
        if self._header is None:
            raise NotAStatement
        return self._header

    def __iter__(self) -> Iterator[TradeRow | CashRow]:
        row: Row | Heading | None = None
        try:
            for row in read_table(self._stream):
                if isinstance(row, Heading):
                    self._read_heading(row)
                else:
                    yield from self._read_row(row)
        except etree.XMLSyntaxError as error:
            raise NotAStatement from error
        except (ValueError, InvalidOperation) as error:
            line = row.line if isinstance(row, Row) else 0
            raise StatementUnreadable(
                _("line %(line)s: %(error)s") % {"line": line, "error": error}
            ) from error
        yield from self._finish_trade()
        try:
            self._finish_summary()
        except ValueError as error:
            raise StatementUnreadable(
                _("in the summary %(error)s") % {"error": error}
            ) from error

    def _read_heading(self, heading: Heading) -> None:
        if heading.tag == "title" and "strategy tester" in heading.text.lower():
            raise StrategyTesterReport
        if heading.tag == "b" and not self._broker and not self._header:
            if "strategy tester" in heading.text.lower():
                raise StrategyTesterReport
            self._broker = clean_text(heading.text, NAME_LENGTH)

    def _read_row(self, row: Row) -> Iterator[TradeRow | CashRow]:
        if row.is_header:
            yield from self._finish_trade()
            if self._header is None:
                raise (
                    StrategyTesterReport
                    if len(row.cells) == TESTER_HEADER_CELLS
                    else NotAStatement
                )
            self._sections += 1
        elif self._sections == 0:
            self._read_header(row)
        elif row.shape == MAGIC_AND_COMMENT and self._pending_row:
            self._pending_row = (self._pending_row[0], row.texts[1], row.texts[2])
        else:
            yield from self._finish_trade()
            yield from self._read_section_row(row)

    def _read_header(self, row: Row) -> None:
        account = ACCOUNT.search(row.texts[0]) if row.cells else None
        currency = next(filter(None, map(CURRENCY.search, row.texts)), None)
        if account and currency:
            holder = AFTER_COLON.search(row.texts[1])
            self._header = Header(
                account=account[1],
                holder=clean_text(holder[1], NAME_LENGTH) if holder else "",
                currency=currency[1],
                broker=self._broker or "Unknown broker",
                printed_at=row.texts[-1][:40],
            )

    def _read_section_row(self, row: Row) -> Iterator[CashRow]:
        is_closed, is_open = self._sections == 1, self._sections == 2  # noqa: PLR2004
        if row.shape == TRADE or (row.shape == PENDING and is_closed):
            self._pending_row = (row, None, None)
        elif row.shape == CASH and is_closed:
            yield self._cash(row)
        elif row.shape == SUMS:
            sums = [_number_or_none(text) for text in row.texts[1:]]
            if is_closed:
                self.totals.closed_sums = sums
            elif is_open:
                self.totals.open_sums = sums
        elif row.shape == CLOSED_PROFIT and is_closed:
            self.totals.closed_profit = _number_or_none(row.texts[1])
        elif row.shape == FLOATING_PROFIT and is_open:
            self.totals.floating_profit = _number_or_none(row.texts[2])
        elif (is_closed or is_open) and TICKET.fullmatch(
            row.texts[0] if row.cells else ""
        ):
            # Nothing that carries a ticket is passed over in silence.
            raise ValueError(
                _("a row of an unknown shape %(shape)s") % {"shape": row.shape}
            )
        elif not (is_closed or is_open) and row.shape != PENDING:
            self._read_summary(row)

    def _read_summary(self, row: Row) -> None:
        values, column = {}, 0
        for cell in row.cells:
            place = (column, cell.colspan)
            if place in (FIRST, SECOND, THIRD) and column:
                values[place] = cell.text
            column += cell.colspan
        if values and not (set(values) == {FIRST} and len(self._summary) > 0):
            self._summary.append(values)

    def _finish_trade(self) -> Iterator[TradeRow]:
        if self._pending_row is None:
            return
        row, magic, comment = self._pending_row
        self._pending_row = None
        try:
            yield self._trade(row, magic, comment)
        except (ValueError, InvalidOperation) as error:
            raise StatementUnreadable(
                _("line %(line)s: %(error)s") % {"line": row.line, "error": error}
            ) from error

    def _trade(self, row: Row, magic: str | None, comment: str | None) -> TradeRow:
        texts = row.texts
        if not TICKET.fullmatch(texts[0]):
            raise ValueError(
                _("%(texts)s is not a ticket") % {"texts": f"{texts[0]!r}"}
            )
        if magic is None:
            titled = MAGIC.match(row.cells[0].title)
            magic, comment = (titled[1], titled[2]) if titled else ("", None)
            comment = (comment or "") if titled else row.cells[0].title
        is_pending = row.shape == PENDING
        money = (
            [Decimal(0)] * 4
            if is_pending
            else [parse_number(text) for text in texts[10:]]
        )
        status = TradeStatus.CANCELLED if is_pending else TradeStatus.CLOSED
        if self._sections != 1:
            status = TradeStatus.OPEN
        return TradeRow(
            status=status,
            ticket=texts[0].lstrip("0") or "0",
            opened_at=_time(texts[1]),
            trade_type=_trade_type(texts[2], is_pending=is_pending),
            lots=parse_number(texts[3]),
            # MetaTrader prints symbols in lower case; EAs report them in upper case.
            symbol=clean_text(texts[4], SYMBOL_LENGTH).upper(),
            open_price=parse_number(texts[5]),
            stop_loss=parse_number(texts[6]),
            take_profit=parse_number(texts[7]),
            closed_at=None if status == TradeStatus.OPEN else _time(texts[8]),
            close_price=parse_number(texts[9]),
            commission=money[0],
            taxes=money[1],
            swap=money[2],
            profit=money[3],
            magic_number=_magic_number(magic),
            comment=clean_text(comment or "", COMMENT_LENGTH),
            line=row.line,
        )

    def _cash(self, row: Row) -> CashRow:
        return CashRow(
            at=_time(row.texts[1]),
            amount=parse_number(row.texts[4]),
            is_credit=row.texts[2].lower() == "credit",
        )

    def _finish_summary(self) -> None:
        if self._header is None or self._sections == 0:
            raise NotAStatement
        summary, details = self._summary[:SUMMARY_ROWS], self._summary[SUMMARY_ROWS:]
        if len(summary) < SUMMARY_ROWS or not summary[-1].get(SECOND):
            raise StatementUnreadable(_("the file ends before or within its summary"))
        if details and [set(row) for row in details] != [set(row) for row in DETAILS]:
            raise StatementUnreadable(_("the file ends within its details"))
        cash, profit, balance = summary
        totals = self.totals
        totals.deposits = _number_or_none(cash.get(FIRST, ""))
        totals.credit = _number_or_none(cash.get(SECOND, ""))
        totals.summary_closed_profit = _number_or_none(profit.get(FIRST, ""))
        totals.summary_floating_profit = _number_or_none(profit.get(SECOND, ""))
        totals.balance = _number_or_none(balance.get(FIRST, ""))
        totals.equity = _number_or_none(balance.get(SECOND, ""))
        totals.money_decimals = 2 if "." in balance.get(FIRST, "") else 0
        totals.details = [
            values[place]
            for values, places in zip(details, DETAILS, strict=bool(details))
            for place in places
        ]


def parse_number(text: str) -> Decimal:
    """Return a printed number; thousands may be parted by spaces. Raises ValueError."""
    digits = "".join(text.split())
    if not NUMBER.fullmatch(digits):
        raise ValueError(_("%(text)s is not a number") % {"text": f"{text!r}"})
    return Decimal(digits)


def _number_or_none(text: str) -> Decimal | None:
    return parse_number(text) if text else None


def _time(text: str) -> datetime:
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError(_("%(text)s is not a time") % {"text": f"{text!r}"})
    year, month, day, hour, minute, second = map(int, match.groups("0"))
    moment = datetime(  # noqa: DTZ001 -- the broker's own clock
        year, month, day, hour, minute, second
    )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(_("%(text)s is not a time of trading") % {"text": f"{text!r}"})
    return moment


def _trade_type(text: str, *, is_pending: bool) -> TradeType:
    kind = text.lower().split(" ")[0] if is_pending else text.lower()
    if kind not in MARKET_TYPES:
        raise ValueError(
            _("%(text)s is neither a position nor a pending order")
            % {"text": f"{text!r}"}
        )
    return MARKET_TYPES[kind]


def _magic_number(text: str) -> int | None:
    magic = int(text) if text.isascii() and text.isdigit() else 0
    return magic if 0 < magic <= BIGGEST_MAGIC else None
