"""Write account statements as MetaTrader 4 lays them out, for tests to read back.

The printed figures are computed here, by the plainest arithmetic there is (lists of
exact fractions), so that a test that holds them against ours has two implementations.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from typing import TextIO

ZERO = Decimal(0)
OPENED = datetime(2024, 3, 4, 9, 0)  # noqa: DTZ001 -- a broker's clock has no zone


@dataclass(frozen=True, kw_only=True)
class Position:
    """A row of a trade; without `closed` it is an open one."""

    ticket: int
    opened: datetime = OPENED
    closed: datetime | None = OPENED + timedelta(minutes=30)
    kind: str = "buy"
    lots: str = "0.10"
    symbol: str = "eurusd"
    open_price: str = "1.10000"
    stop_loss: str = "0.00000"
    take_profit: str = "0.00000"
    close_price: str = "1.10100"
    commission: Decimal = ZERO
    taxes: Decimal = ZERO
    swap: Decimal = ZERO
    profit: Decimal = ZERO
    magic: int | None = None
    comment: str = ""
    has_second_row: bool = False
    title: str | None = None  # None: as MetaTrader makes it of magic and comment

    @property
    def net(self) -> Decimal:
        return self.commission + self.taxes + self.swap + self.profit


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """A pending order that was cancelled, or one that still waits (no `closed`)."""

    ticket: int
    opened: datetime = OPENED
    closed: datetime | None = OPENED + timedelta(hours=1)
    kind: str = "buy stop"
    lots: str = "0.10"
    symbol: str = "eurusd"
    price: str = "1.12000"
    magic: int | None = None
    comment: str = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Cash:
    """A deposit, a withdrawal or a credit."""

    ticket: int
    amount: Decimal
    at: datetime = OPENED - timedelta(days=1)
    kind: str = "balance"
    comment: str = "Deposit"


@dataclass(kw_only=True)
class Statement:
    """A report; `write` streams it, so that `rows` may be an endless generator's."""

    rows: Iterable[Position | Cancelled | Cash] = ()
    open_positions: Iterable[Position] = ()
    working: Iterable[Cancelled] = ()
    account: str = "7000001"
    holder: str = "Ada Example"
    broker: str = "Example Broker Ltd"
    currency: str = "USD"
    printed_at: str = "2025 January 2, 10:15"
    decimals: int = 2
    is_detailed: bool = True
    balance_before: Decimal = ZERO  # what was there before the period
    is_without_seconds: bool = False
    translate: Callable[[str], str] = str
    changes: dict[str, str] = field(default_factory=dict)  # figure or total -> text

    def html(self) -> str:
        out = StringIO()
        self.write(out)
        return out.getvalue()

    def write(self, out: TextIO) -> None:
        closed = self._write_closed(out)
        floating = self._write_open(out)
        self._write_working(out)
        balance = self.balance_before + closed.cash + closed.net
        credit = closed.credit
        self._cells(
            out, "Deposit/Withdrawal", closed.cash, "Credit Facility", credit, None
        )
        self._cells(
            out,
            "Closed Trade P/L",
            closed.net,
            "Summary Floating P/L",
            floating,
            ("Margin", ZERO),
        )
        equity = balance + credit + floating
        self._cells(out, "Balance", balance, "Equity", equity, ("Free Margin", equity))
        if self.is_detailed:
            self._write_details(out, closed.figures(self.balance_before, self.decimals))
        out.write("</table>\n</div></body></html>\n")

    def figures(self) -> list[str]:
        """Return the 23 figures, as they are printed."""
        closed = self._write_closed(StringIO())
        return closed.figures(self.balance_before, self.decimals)

    def _write_closed(self, out: TextIO) -> "_Closed":
        label = self._label
        out.write(
            "<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>\n<html><head>\n"
            f"<title>{label('Statement')}: {self.account} - {self.holder}</title>\n"
            "<style><!--\ntd { font: 8pt Tahoma }\n//--></style></head>\n"
            "<body topmargin=1><div align=center>\n"
            f'<div style="font: 20pt Times New Roman"><b>{self.broker}</b></div><br>\n'
            "<table cellspacing=1 cellpadding=3 border=0>\n<tr align=left>\n"
            f"<td colspan=2><b>{label('Account')}: {self.account}</b></td>\n"
            f"<td colspan=5><b>{label('Name')}: {self.holder}</b></td>\n"
            f"<td colspan=2><b>{label('Currency')}: {self.currency}</b></td>\n"
            f"<td colspan=2><b>{label('Leverage')}: <!--LEVERAGE--></b></td>\n"
            f"<td colspan=3 align=right><b>{self.printed_at}</b></td></tr>\n"
            "<tr align=left><td colspan=13><b>"
            f"{label('Closed Transactions')}:</b></td></tr>\n"
        )
        self._header(
            out, "Close Time", "Price", "Commission", "Taxes", "Swap", "Profit"
        )
        closed = _Closed()
        for number, row in enumerate(self.rows):
            shade = "bgcolor=#E0E0E0 " if number % 2 else ""
            out.write(f"<tr {shade}align=right>{self._row(row, closed)}\n")
        self._sums(out, "Closed trades", closed.sums)
        text = self._text("Closed P/L", closed.net)
        out.write(
            f"<tr align=right><td colspan=12><b>{label('Closed P/L')}:</b></td>"
            f"<td colspan=2 class=mspt><b>{text}</b></td></tr>\n"
        )
        return closed

    def _write_open(self, out: TextIO) -> Decimal:
        label = self._label
        out.write(
            f"<tr align=left><td colspan=14><b>{label('Open Trades')}:</b></td></tr>\n"
        )
        self._header(out, "", "Price", "Commission", "Taxes", "Swap", "Profit")
        tally = _Closed()
        for row in self.open_positions:
            out.write(f"<tr align=right>{self._row(row, tally)}\n")
        self._sums(out, "Open trades", tally.sums)
        text = self._text("Floating P/L", tally.net)
        out.write(
            "<tr><td colspan=10>&nbsp;</td>"
            f"<td colspan=2><b>{label('Floating P/L')}:</b></td>"
            f"<td colspan=2 class=mspt><b>{text}</b></td></tr>\n"
        )
        return tally.net

    def _write_working(self, out: TextIO) -> None:
        label = self._label
        out.write(
            f"<tr align=left><td colspan=14><b>{label('Working Orders')}:"
            "</b></td></tr>\n"
            '<tr align=center bgcolor="#C0C0C0">'
            + "".join(f"<td>{label(name)}</td>" for name in _COLUMNS)
            + f"<td colspan=2 nowrap>{label('Market Price')}</td>"
            "<td colspan=4>&nbsp;</td></tr>\n"
        )
        for row in self.working:
            out.write(f"<tr align=right>{self._row(row, _Closed())}\n")
        out.write(
            "<tr><td colspan=14>&nbsp;</td></tr>\n"
            f"<tr align=left><td colspan=14><b>{label('Summary')}:</b></td></tr>\n"
        )

    def _write_details(self, out: TextIO, figures: list[str]) -> None:
        label = self._label
        out.write(
            "<tr><td colspan=14>&nbsp;</td></tr>\n"
            f"<tr align=left><td colspan=14><b>{label('Details')}:</b></td></tr>\n"
            '<tr align=center><td colspan=14><img src="x.gif" alt=""></td></tr>\n'
        )
        texts = iter(
            self.changes.get(name, text)
            for name, text in zip(FIGURE_NAMES, figures, strict=True)
        )
        names = iter(FIGURE_NAMES)
        for count in (3, 2, 3, 3):
            parts = [(next(names), next(texts)) for _ in range(count)]
            self._figure_row(out, parts)
            if parts[0][0] == "Absolute Drawdown":
                out.write("<tr><td colspan=14>&nbsp;</td></tr>\n")
        for lead in (None, "Largest", "Average", "Maximum", "Maximal", "Average"):
            (left, first), (right, second) = [
                (next(names), next(texts)) for _ in range(2)
            ]
            start = (
                f"<td colspan=8><b>{label(left)}:</b></td>"
                if lead is None
                else f"<td colspan=2><b>{label(lead)}</b></td>"
                f"<td colspan=6><b>{label(left)}:</b></td>"
            )
            out.write(
                f"<tr align=right>{start}<td class=mspt><b>{first}</b></td>"
                f"<td colspan=3><b>{label(right)}:</b></td>"
                f"<td colspan=2 class=mspt><b>{second}</b></td></tr>\n"
            )

    def _figure_row(self, out: TextIO, parts: list[tuple[str, str]]) -> None:
        label = self._label
        spans = [(2, "colspan=2 "), (4, ""), (3, "colspan=2 ")]
        cells = "".join(
            f"<td colspan={span}><b>{label(name)}:</b></td>"
            f"<td {value_span}class=mspt><b>{text}</b></td>"
            for (span, value_span), (name, text) in zip(spans, parts, strict=False)
        )
        rest = "" if len(parts) == len(spans) else "<td colspan=5>&nbsp;</td>"
        out.write(f"<tr align=right>{cells}{rest}</tr>\n")

    def _cells(
        self,
        out: TextIO,
        first: str,
        first_amount: Decimal,
        second: str,
        second_amount: Decimal,
        third: tuple[str, Decimal] | None,
    ) -> None:
        pairs = [(first, first_amount), (second, second_amount)]
        if third:
            pairs.append(third)
        self._figure_row(
            out, [(name, self._text(name, amount)) for name, amount in pairs]
        )

    def _header(self, out: TextIO, *more: str) -> None:
        names = (*_COLUMNS, *more)
        out.write(
            '<tr align=center bgcolor="#C0C0C0">'
            + "".join(f"<td nowrap>{self._label(name)}</td>" for name in names)
            + "</tr>\n"
        )

    def _sums(self, out: TextIO, name: str, sums: list[Decimal]) -> None:
        parts = ("commission", "taxes", "swap", "profit")
        cells = "".join(
            f"<td class=mspt>{self._text(f'{name}: {part}', amount)}</td>"
            for part, amount in zip(parts, sums, strict=True)
        )
        out.write(f"<tr align=right>\n<td colspan=10>&nbsp;</td>{cells}</tr>\n")

    def _row(self, row: "Position | Cancelled | Cash", tally: "_Closed") -> str:
        tally.add(row)
        if isinstance(row, Cash):
            return (
                f'<td title="{row.comment}">{row.ticket}</td>'
                f"<td nowrap>{self._time(row.at)}</td><td>{row.kind}</td>"
                f"<td colspan=10 align=left>{row.comment}</td>"
                f"<td class=mspt>{self._money(row.amount)}</td></tr>"
            )
        if isinstance(row, Cancelled):
            zero = "0.00000"
            cells = [row.kind, row.lots, row.symbol, row.price, zero, zero]
            tail = f"<td>{row.price}</td><td colspan=4>{row.comment}</td></tr>"
            row = replace(
                _PLAIN, ticket=row.ticket, opened=row.opened, closed=row.closed,
                magic=row.magic, comment=row.comment,
                has_second_row=row.magic is not None,
            )  # fmt: skip
        else:
            cells = [row.kind, row.lots, row.symbol, row.open_price, row.stop_loss]
            cells.append(row.take_profit)
            costs = (row.commission, row.taxes, row.swap, row.profit)
            tail = (
                f"<td>{row.close_price}</td>"
                + "".join(f"<td>{self._money(each)}</td>" for each in costs)
                + "</tr>"
            )
        title = row.comment if row.magic is None else f"#{row.magic} {row.comment}"
        title = title if row.title is None else row.title
        line = (
            (f'<td title="{title}">' if title else "<td>")
            + f"{row.ticket}</td><td nowrap>{self._time(row.opened)}</td>"
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + f"<td nowrap>{self._time(row.closed)}</td>{tail}"
        )
        if row.has_second_row:
            line += (
                "\n<tr align=right><td colspan=9>&nbsp;</td>"
                f"<td>{'&nbsp;' if row.magic is None else row.magic}</td>"
                f"<td colspan=3>{row.comment or '&nbsp;'}</td></tr>"
            )
        return line

    def _label(self, name: str) -> str:
        return self.translate(name)

    def _time(self, moment: datetime | None) -> str:
        if moment is None:
            return "&nbsp;"
        return moment.strftime(
            "%Y.%m.%d %H:%M" if self.is_without_seconds else "%Y.%m.%d %H:%M:%S"
        )

    def _money(self, amount: Decimal) -> str:
        return printed(Fraction(amount), self.decimals)

    def _text(self, name: str, amount: Decimal) -> str:
        return self.changes.get(name, self._money(amount))


def long_statement(count: int, *, seed: int = 1) -> Statement:
    """Return a statement of many closed trades, every fourth with a second row."""
    return Statement(
        rows=itertools.chain(
            [Cash(ticket=1, amount=Decimal(100000))], _many_positions(count, seed)
        )
    )


def _many_positions(count: int, seed: int) -> Iterator[Position]:
    dice = random.Random(seed)
    opened = OPENED
    for number in range(count):
        opened += timedelta(seconds=dice.randrange(300))
        yield Position(
            ticket=1000 + number,
            kind=dice.choice(["buy", "sell"]),
            opened=opened,
            closed=opened + timedelta(seconds=dice.randrange(7200)),
            commission=Decimal(-7) / 100,
            profit=Decimal(dice.randrange(-20000, 20300)) / 100,
            magic=dice.choice([77, 78, 79]) if number % 4 == 0 else None,
            comment=dice.choice(["Scalper", "", "[sl]"]),
            has_second_row=number % 4 == 0,
        )


FIGURE_NAMES = (
    "Gross Profit",
    "Gross Loss",
    "Total Net Profit",
    "Profit Factor",
    "Expected Payoff",
    "Absolute Drawdown",
    "Maximal Drawdown",
    "Relative Drawdown",
    "Total Trades",
    "Short Positions (won %)",
    "Long Positions (won %)",
    "Profit Trades (% of total)",
    "Loss trades (% of total)",
    "Largest profit trade",
    "Largest loss trade",
    "Average profit trade",
    "Average loss trade",
    "Maximum consecutive wins ($)",
    "Maximum consecutive losses ($)",
    "Maximal consecutive profit (count)",
    "Maximal consecutive loss (count)",
    "Average consecutive wins",
    "Average consecutive losses",
)
_COLUMNS = ("Ticket", "Open Time", "Type", "Size", "Item", "Price", "S / L", "T / P")
_PLAIN = Position(ticket=0)


@dataclass(slots=True)
class _Closed:
    """What the totals of a section are made of."""

    trades: list[tuple[datetime, int, Decimal, bool]] = field(default_factory=list)
    deposits: list[tuple[datetime, Decimal]] = field(default_factory=list)
    sums: list[Decimal] = field(default_factory=lambda: [ZERO] * 4)
    cash: Decimal = ZERO
    credit: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return sum(self.sums, ZERO)

    def add(self, row: Position | Cancelled | Cash) -> None:
        if isinstance(row, Cash) and row.kind == "credit":
            self.credit += row.amount
        elif isinstance(row, Cash):
            self.cash += row.amount
            self.deposits.append((row.at, row.amount))
        elif isinstance(row, Position):
            costs = (row.commission, row.taxes, row.swap, row.profit)
            self.sums = [a + b for a, b in zip(self.sums, costs, strict=True)]
            self.trades.append(
                (row.closed or OPENED, row.ticket, row.net, row.kind == "sell")
            )

    def figures(self, balance_before: Decimal, decimals: int) -> list[str]:
        trades = sorted(self.trades, key=lambda trade: trade[:2])
        start = balance_before
        if self.deposits:
            at, amount = min(self.deposits, key=lambda deposit: deposit[0])
            if not trades or at <= trades[0][0]:
                start = amount
        sides = [is_short for _, _, _, is_short in trades]
        nets = [Fraction(net) for _, _, net, _ in trades]
        return printed_figures(Fraction(start), nets, sides, decimals)


def printed_figures(
    start: Fraction, nets: list[Fraction], is_short: list[bool], decimals: int = 2
) -> list[str]:
    """Return MetaTrader's 23 figures of trades in the order of their close."""

    def money(amount: Fraction) -> str:
        return printed(amount, decimals)

    def share(part: int, whole: int) -> str:
        return printed(Fraction(100 * part, whole) if whole else Fraction(0), 2) + "%"

    def won(is_side_short: bool) -> str:
        side = [
            n for n, short in zip(nets, is_short, strict=True) if short is is_side_short
        ]
        return f"{len(side)} ({share(sum(net >= 0 for net in side), len(side))})"

    profits, losses = [n for n in nets if n >= 0], [n for n in nets if n < 0]
    balances = list(itertools.accumulate(nets, initial=start))
    peaks = list(itertools.accumulate(balances, max))
    falls = [peak - now for peak, now in zip(peaks, balances, strict=True)]
    shares = [
        100 * fall / peak if peak > 0 else Fraction(0)
        for peak, fall in zip(peaks, falls, strict=True)
    ]
    maximal = max(zip(falls, shares, strict=True))
    relative = max(zip(shares, falls, strict=True))
    runs = [(up, list(run)) for up, run in itertools.groupby(nets, lambda n: n >= 0)]
    wins = [(len(run), sum(run, Fraction(0))) for up, run in runs if up]
    slumps = [(len(run), -sum(run, Fraction(0))) for up, run in runs if not up]

    def longest(streaks: list[tuple[int, Fraction]]) -> tuple[int, Fraction]:
        return max(streaks, default=(0, Fraction(0)))

    def richest(streaks: list[tuple[int, Fraction]]) -> tuple[int, Fraction]:
        best = max((money for _, money in streaks), default=Fraction(0))
        return next((s for s in streaks if s[1] == best and best), (0, Fraction(0)))

    def mean(amounts: list[Fraction]) -> Fraction:
        return sum(amounts, Fraction(0)) / len(amounts) if amounts else Fraction(0)

    def mean_length(streaks: list[tuple[int, Fraction]]) -> str:
        return printed(mean([Fraction(length) for length, _ in streaks]), 0)

    gain, loss = sum(profits, Fraction(0)), -sum(losses, Fraction(0))
    return [
        money(gain),
        money(loss),
        money(gain - loss),
        printed(gain / loss, 2) if loss else "",
        printed((gain - loss) / len(nets), 2) if nets else "",
        money(start - min(balances)),
        f"{money(maximal[0])} ({printed(maximal[1], 2)}%)",
        f"{printed(relative[0], 2)}% ({money(relative[1])})",
        str(len(nets)),
        won(True),
        won(False),
        f"{len(profits)} ({share(len(profits), len(nets))})",
        f"{len(losses)} ({share(len(losses), len(nets))})",
        money(max(profits, default=Fraction(0))),
        money(min(losses, default=Fraction(0))),
        money(mean(profits)),
        money(mean(losses)),
        f"{longest(wins)[0]} ({money(longest(wins)[1])})",
        f"{longest(slumps)[0]} ({money(-longest(slumps)[1])})",
        f"{money(richest(wins)[1])} ({richest(wins)[0]})",
        f"{money(-richest(slumps)[1])} ({richest(slumps)[0]})",
        mean_length(wins),
        mean_length(slumps),
    ]


def printed(amount: Fraction, decimals: int) -> str:
    """Return a number as MetaTrader prints it: halves up, thousands parted."""
    units = int(abs(amount) * 10**decimals + Fraction(1, 2))
    whole, rest = divmod(units, 10**decimals)
    text = f"{whole:,}".replace(",", " ")
    if decimals:
        text += f".{rest:0{decimals}}"
    return f"-{text}" if amount < 0 and units else text
