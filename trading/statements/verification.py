"""Does a statement add up? Its rows against every total that it prints."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from trading.models import TradeStatus, TradeType
from trading.statements.links import partial_close_links
from trading.statements.reader import StatementReader, StatementUnreadable
from trading.statements.rows import CashRow, Header, PrintedTotals, TradeRow
from trading.statements.summary import ClosedTrade, Figure, Summary, compare

SUM_NAMES = ("commission", "taxes", "swap", "profit")


@dataclass(slots=True)
class ReadStatement:
    """What stays of a statement once all of it was read, rows left out."""

    header: Header
    totals: PrintedTotals
    start_balance: Decimal
    figures: list[Figure]  # MetaTrader's own, of the rows of the file
    disagreeing: list[Figure]  # of those and of the other totals
    closed_tickets: list[str]
    open_count: int
    cancelled_count: int
    opened_on: set[datetime]  # midnights of the broker's days on which trades opened
    continued_from: dict[str, str]  # ticket -> the ticket whose partial close left it


@dataclass(slots=True)
class _Tally:
    closed: list[str] = field(default_factory=list)  # _line() of each
    closed_sums: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * 4)
    open_sums: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * 4)
    deposits: list[tuple[datetime, Decimal]] = field(default_factory=list)
    open_count: int = 0
    cancelled_count: int = 0
    opened_on: set[datetime] = field(default_factory=set)
    continued_from: dict[str, str] = field(default_factory=dict)

    def add(self, row: TradeRow | CashRow) -> None:
        if isinstance(row, CashRow):
            if not row.is_credit:
                self.deposits.append((row.at, row.amount))
            return
        self.opened_on.add(row.opened_at.replace(hour=0, minute=0, second=0))
        self.continued_from |= partial_close_links(row)
        costs = (row.commission, row.taxes, row.swap, row.profit)
        if row.status == TradeStatus.CANCELLED:
            self.cancelled_count += 1
        elif row.closed_at is None:
            self.open_count += 1
            self.open_sums = [a + b for a, b in zip(self.open_sums, costs, strict=True)]
        else:
            self.closed.append(_line(row, row.closed_at))
            self.closed_sums = [
                a + b for a, b in zip(self.closed_sums, costs, strict=True)
            ]

    @property
    def net(self) -> Decimal:
        return sum(self.closed_sums, Decimal(0))

    @property
    def cash(self) -> Decimal:
        return sum((amount for _, amount in self.deposits), Decimal(0))


def read_statement(
    stream: BinaryIO, encoding: str, on_progress: Callable[[int], None] | None = None
) -> ReadStatement:
    """Read a whole statement and compare its rows with all of its totals.

    Keeps a short line of each closed trade, not the rows. Raises what the reader
    raises.
    """
    reader = StatementReader(stream, encoding, on_progress)
    tally = _Tally()
    for row in reader:
        tally.add(row)
    tally.closed.sort()
    closed_tickets = [_ticket(line) for line in tally.closed]
    _refuse_repeated(closed_tickets)
    totals = reader.totals
    start = _start_balance(tally, totals)
    figures = compare(totals, Summary(start, map(_closed_trade, tally.closed)))
    return ReadStatement(
        header=reader.header,
        totals=totals,
        start_balance=start,
        figures=figures,
        disagreeing=[
            figure
            for figure in [*_other_totals(tally, totals), *figures]
            if not figure.is_equal
        ],
        closed_tickets=closed_tickets,
        open_count=tally.open_count,
        cancelled_count=tally.cancelled_count,
        opened_on=tally.opened_on,
        continued_from=tally.continued_from,
    )


def _line(row: TradeRow, closed_at: datetime) -> str:
    """Return a trade in a third of the memory that its values would take.

    Lines sort by (close time, ticket as a number), as MetaTrader's arithmetic wants.
    """
    size = f"{len(row.ticket):02}"
    return f"{closed_at.isoformat()} {size}{row.ticket} {row.trade_type} {row.net}"


def _ticket(line: str) -> str:
    return line.split()[1][2:]


def _closed_trade(line: str) -> ClosedTrade:
    _, _, trade_type, net = line.split()
    return ClosedTrade(Decimal(net), is_short=trade_type == TradeType.SELL)


def _refuse_repeated(tickets: list[str]) -> None:
    """Refuse a ticket that closes twice: one row is stored, two would be counted."""
    seen: set[str] = set()
    for ticket in tickets:
        if ticket in seen:
            raise StatementUnreadable(
                _("ticket %(ticket)s closes twice") % {"ticket": ticket}
            )
        seen.add(ticket)


def _start_balance(tally: _Tally, totals: PrintedTotals) -> Decimal:
    """Return the first deposit if no trade closed before it, else what was there."""
    if tally.deposits:
        first_at, amount = min(tally.deposits, key=lambda deposit: deposit[0])
        if not tally.closed or first_at.isoformat() <= tally.closed[0].split()[0]:
            return amount
    return (totals.balance or Decimal(0)) - tally.net - tally.cash


def _other_totals(tally: _Tally, totals: PrintedTotals) -> list[Figure]:
    floating = sum(tally.open_sums, Decimal(0))
    printed_equity = (
        (totals.balance or Decimal(0))
        + (totals.credit or Decimal(0))
        + (totals.summary_floating_profit or Decimal(0))
    )
    pairs = [
        *_sums("Closed trades", totals.closed_sums, tally.closed_sums),
        ("Closed P/L", totals.closed_profit, tally.net),
        *_sums("Open trades", totals.open_sums, tally.open_sums),
        ("Floating P/L", totals.floating_profit, floating),
        ("Deposit/Withdrawal", totals.deposits, tally.cash),
        ("Closed Trade P/L", totals.summary_closed_profit, tally.net),
        ("Summary Floating P/L", totals.summary_floating_profit, floating),
        ("Equity", totals.equity, printed_equity),
    ]
    return [
        Figure(name, str(printed), str(ours))
        for name, printed, ours in pairs
        if printed is not None
    ]


def _sums(
    name: str, printed: list[Decimal | None], ours: list[Decimal]
) -> list[tuple[str, Decimal | None, Decimal]]:
    return [
        (f"{name}: {part}", each, own)
        for part, each, own in zip(SUM_NAMES, printed, ours, strict=False)
    ]
