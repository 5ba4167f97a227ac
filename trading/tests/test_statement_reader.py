"""What real statements look like, quirk by quirk, and MetaTrader's own arithmetic."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarttrader.lib.errors import DomainError
from trading.models import TradeStatus, TradeType
from trading.statements.decoding import detect_encoding
from trading.statements.links import partial_close_links
from trading.statements.reader import StatementReader
from trading.statements.rows import CashRow, TradeRow
from trading.statements.summary import ClosedTrade, Summary
from trading.statements.verification import ReadStatement, read_statement
from trading.tests.statement_writer import (
    FIGURE_NAMES,
    OPENED,
    Cancelled,
    Cash,
    Position,
    Statement,
    printed_figures,
)

HOUR = timedelta(hours=1)
DEPOSIT = Cash(ticket=1, amount=Decimal(1000))
WIN = Position(ticket=2, profit=Decimal("12.34"))
LOSS = Position(ticket=3, kind="sell", profit=Decimal("-5.00"), closed=OPENED + HOUR)
EVEN = Position(ticket=4, closed=OPENED + 2 * HOUR)
SIMPLE = Statement(rows=[DEPOSIT, WIN, LOSS, EVEN])


# Encodings.
@pytest.mark.parametrize(
    ("encoding", "holder"),
    [
        ("ascii", "Ada Lovelace"),
        ("utf-8", "Zoë Müller 田中"),
        ("utf-8-sig", "Zoë Müller 田中"),
        ("utf-16", "Zoë Müller 田中"),
        ("cp1251", "Алексей Иванов из города Москвы"),
        ("cp932", "東京都の田中太郎さんの口座です"),
        ("gbk", "上海的王小明先生的模拟交易账户"),
    ],
)
def test_encoding_is_found_out(encoding: str, holder: str):
    statement = replace(SIMPLE, holder=holder)
    content = io.BytesIO(statement.html().encode(encoding))

    read = read_statement(content, detect_encoding(content))

    assert read.disagreeing == []
    assert read.header.holder == holder
    assert [figure.ours for figure in read.figures] == statement.figures()


@pytest.mark.parametrize("wrong", ["ascii", "utf-8", "cp1252", "gbk", "koi8-r"])
def test_wrong_encoding_costs_names_and_no_figure(wrong: str):
    content = replace(SIMPLE, holder="Алексей Иванов").html().encode("cp1251")

    read = read_statement(io.BytesIO(content), wrong)

    assert read.disagreeing == []
    assert read.closed_tickets == ["2", "3", "4"]


def test_characters_that_fall_apart_between_two_chunks_are_whole():
    holder = "田" * 20
    for shift in range(4):
        html = replace(SIMPLE, holder=holder, broker="B" * shift + "roker").html()
        padded = "<!--" + "x" * (64 * 1024 - 470 + shift) + "-->" + html

        assert _read(padded).header.holder == holder


# Numbers and layout.
@pytest.mark.parametrize("space", ["\u00a0", "&nbsp;", " ", "\u202f"])
def test_thousands_are_parted_by_any_space(space: str):
    large = replace(WIN, profit=Decimal("1234567.89"))
    html = replace(SIMPLE, rows=[DEPOSIT, large, LOSS]).html()

    read = _read(html.replace("1 234 567.89", space.join(("1", "234", "567.89"))))

    assert read.disagreeing == []
    assert read.figures[0].ours == "1 234 567.89"


def test_labels_of_any_language_change_nothing():
    html = replace(SIMPLE, translate=lambda label: f"訳{len(label)}円").html()

    read = _read(html)

    assert [figure.name for figure in read.figures] == list(FIGURE_NAMES)
    assert [figure.ours for figure in read.figures] == SIMPLE.figures()
    assert (read.header.account, read.header.currency) == ("7000001", "USD")


def test_wide_colons_are_colons():
    html = SIMPLE.html()
    for name in ("Account", "Currency"):
        html = html.replace(f"{name}: ", f"{name}：")

    assert _read(html).header == _read(SIMPLE.html()).header


@pytest.mark.parametrize(
    "change",
    [
        lambda html: re.sub(r" class=\w+| nowrap", "", html),
        lambda html: re.sub(r"<(/?)([a-z]+)", lambda m: f"<{m[1]}{m[2].upper()}", html),
        lambda html: html.replace('"#C0C0C0"', "#c0c0c0"),
        lambda html: html.replace("\n", "\r\n"),
        lambda html: html.replace("\n", ""),
        lambda html: html.replace("</td>", "").replace("</tr>", ""),
        lambda html: html.replace("<td", "\n  <td"),
        lambda html: html.replace("&nbsp;", ""),
        lambda html: html.replace("<b>", "").replace("</b>", ""),
        lambda html: html + "<!-- saved -->\n\n",
        lambda html: html.replace("</table>", "").replace("</html>", ""),
        lambda html: html.replace("<td>buy</td>", "<td>Buy</td>"),
    ],
    ids=[
        "no classes", "upper-case tags", "lower-case color", "CRLF", "one line",
        "no closing tags", "indented", "empty cells", "nothing bold", "a comment after",
        "no end", "capital letters",
    ],
)  # fmt: skip
def test_layout_changes_nothing(change: Callable[[str], str]):
    html = change(SIMPLE.html())

    read = _read(html)

    assert read.disagreeing == []
    assert read.closed_tickets == ["2", "3", "4"]
    assert [figure.printed for figure in read.figures] == SIMPLE.figures()


def test_times_without_seconds_are_read():
    trade, *_ = _rows(replace(SIMPLE, rows=[WIN], is_without_seconds=True))

    assert isinstance(trade, TradeRow)
    assert (trade.opened_at, trade.closed_at) == (WIN.opened, WIN.closed)


def test_account_without_decimals_is_read():
    rows: list[Position | Cash] = [
        replace(DEPOSIT, amount=Decimal(200000)),
        replace(WIN, profit=Decimal(1180)),
        replace(LOSS, profit=Decimal(-113)),
        replace(LOSS, ticket=9, profit=Decimal(-20)),
    ]
    statement = Statement(rows=rows, currency="JPY", decimals=0)

    read = _read(statement.html())

    ours = [figure.ours for figure in read.figures]
    assert read.disagreeing == []
    assert ours == statement.figures()
    assert ours[:5] == ["1 180", "133", "1 047", "8.87", "349.00"]


# Magic numbers and comments.
@pytest.mark.parametrize(
    ("magic", "comment"),
    [
        (77, "Night Scalper"),
        (77, ""),
        (None, ""),
        (None, "by hand"),
        (None, "[sl]"),
        (None, "from #1002003[tp]"),
        (None, "#hashtag"),
        (2**63 - 1, "the largest"),
    ],
)
@pytest.mark.parametrize("has_second_row", [False, True])
def test_magic_number_and_comment_are_found(
    magic: int | None, comment: str, has_second_row: bool
):
    row = replace(WIN, magic=magic, comment=comment, has_second_row=has_second_row)

    (read,) = _rows(Statement(rows=[row]))

    assert isinstance(read, TradeRow)
    assert (read.magic_number, read.comment) == (magic, comment)


@pytest.mark.parametrize("title", ["#0 by hand", "#99999999999999999999 by hand"])
def test_magic_number_that_is_none_is_none(title: str):
    (read,) = _rows(Statement(rows=[replace(WIN, title=title)]))

    assert isinstance(read, TradeRow)
    assert (read.magic_number, read.comment) == (None, "by hand")


def test_second_row_wins_over_the_title():
    row = replace(
        WIN, magic=5, comment="full text", title="#5 full", has_second_row=True
    )

    (read,) = _rows(Statement(rows=[row]))

    assert isinstance(read, TradeRow)
    assert (read.magic_number, read.comment) == (5, "full text")


def test_markup_in_a_comment_is_taken_out():
    row = replace(WIN, comment="a &lt;script&gt;alert(1)&lt;/script&gt; b")

    (read,) = _rows(Statement(rows=[row]))

    assert isinstance(read, TradeRow)
    assert "<" not in read.comment


# Kinds of rows.
def test_rows_say_what_the_statement_says():
    row = Position(
        ticket=17,
        kind="sell",
        lots="1 000.25",
        symbol="xauusd+",
        open_price="2702.53",
        stop_loss="2750.00",
        take_profit="2600.00",
        close_price="2699.10",
        commission=Decimal("-0.06"),
        taxes=Decimal("-0.01"),
        swap=Decimal("-1.50"),
        profit=Decimal("34.30"),
    )

    (read,) = _rows(Statement(rows=[row]))

    assert isinstance(read, TradeRow)
    assert (read.status, read.trade_type) == (TradeStatus.CLOSED, TradeType.SELL)
    assert (read.ticket, read.symbol) == ("17", "XAUUSD+")
    assert read.lots == Decimal("1000.25")
    assert (read.open_price, read.close_price) == (
        Decimal("2702.53"),
        Decimal("2699.10"),
    )
    assert (read.stop_loss, read.take_profit) == (Decimal(2750), Decimal(2600))
    assert read.net == row.net == Decimal("32.73")


def test_prices_of_zero_are_no_stop_loss_and_no_take_profit():
    (read,) = _rows(Statement(rows=[WIN]))

    assert isinstance(read, TradeRow)
    assert (read.stop_loss, read.take_profit) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("kind", ["buy stop", "sell stop", "buy limit", "sell limit"])
def test_cancelled_orders_are_told_from_trades(kind: str):
    statement = replace(SIMPLE, rows=[WIN, Cancelled(ticket=9, kind=kind, magic=7)])

    *_, order = _rows(statement)

    assert isinstance(order, TradeRow)
    assert order.status == TradeStatus.CANCELLED
    assert order.trade_type.lower() == kind.partition(" ")[0]
    assert order.net == 0
    assert order.magic_number == 7
    assert _read(statement.html()).cancelled_count == 1


def test_open_trades_have_no_close_and_waiting_orders_are_left_out():
    position = replace(WIN, ticket=30, closed=None, magic=1, has_second_row=True)
    statement = replace(
        SIMPLE,
        open_positions=[position],
        working=[Cancelled(ticket=31, closed=None, magic=2)],
    )

    *_, last = _rows(statement)
    read = _read(statement.html())

    assert isinstance(last, TradeRow)
    assert (last.ticket, last.status, last.closed_at) == ("30", TradeStatus.OPEN, None)
    assert (read.open_count, read.disagreeing) == (1, [])


def test_credit_is_no_balance():
    credit = Cash(ticket=8, amount=Decimal(500), kind="credit", at=DEPOSIT.at - HOUR)
    statement = replace(SIMPLE, rows=[credit, DEPOSIT, WIN, LOSS])

    rows = _rows(statement)
    read = _read(statement.html())

    assert [row.is_credit for row in rows if isinstance(row, CashRow)] == [True, False]
    assert read.disagreeing == []
    assert read.start_balance == Decimal(1000)


def test_close_at_the_moment_of_opening_is_read():
    (read,) = _rows(Statement(rows=[replace(WIN, closed=WIN.opened)]))

    assert isinstance(read, TradeRow)
    assert read.closed_at == read.opened_at


@pytest.mark.parametrize(
    ("ticket", "comment", "links"),
    [
        (20, "from #10", {"20": "10"}),
        (20, "from #10[sl]", {"20": "10"}),
        (20, "from #10[sl/gap]", {"20": "10"}),
        (20, "from #10[tp]", {"20": "10"}),
        (10, "to #20", {"20": "10"}),
        (10, "to #20[tp]", {"20": "10"}),
        (10, "partial close", {}),
        (10, "into #20", {}),
        (10, "from # 20", {}),
    ],
)
def test_partial_closes_are_linked_by_either_side(
    ticket: int, comment: str, links: dict[str, str]
):
    (read,) = _rows(Statement(rows=[replace(WIN, ticket=ticket, comment=comment)]))

    assert isinstance(read, TradeRow)
    assert partial_close_links(read) == links


def test_both_parts_of_a_position_are_trades():
    rows = [
        replace(WIN, ticket=10, comment="to #20"),
        replace(WIN, ticket=20, comment="from #10[sl]", closed=OPENED + HOUR),
    ]

    read = _read(Statement(rows=rows).html())

    assert read.closed_tickets == ["10", "20"]
    assert read.continued_from == {"20": "10"}


# Whole statements.
def test_plain_statement_has_no_figures_but_adds_up():
    read = _read(replace(SIMPLE, is_detailed=False).html())

    assert (read.figures, read.disagreeing) == ([], [])
    assert read.closed_tickets == ["2", "3", "4"]


@pytest.mark.parametrize("is_detailed", [True, False])
def test_statement_without_trades_is_read(is_detailed: bool):
    statement = Statement(rows=[DEPOSIT], is_detailed=is_detailed)

    read = _read(statement.html())

    assert (read.closed_tickets, read.disagreeing) == ([], [])
    assert len(read.figures) == (23 if is_detailed else 0)


def test_balance_before_the_period_is_where_the_drawdown_starts():
    late = replace(DEPOSIT, at=OPENED + 5 * HOUR)
    statement = Statement(rows=[LOSS, WIN, late], balance_before=Decimal(500))

    read = _read(statement.html())

    assert read.disagreeing == []
    assert read.start_balance == Decimal(500)


def test_later_deposits_do_not_hide_a_drawdown_beyond_everything():
    ruin = replace(LOSS, profit=Decimal(-1500))
    more = Cash(ticket=8, amount=Decimal(5000), at=OPENED + HOUR / 2)
    statement = Statement(rows=[DEPOSIT, more, ruin])

    read = _read(statement.html())

    assert read.disagreeing == []
    assert _named(read)["Relative Drawdown"] == "150.00% (1 500.00)"


def test_wins_only_leave_the_profit_factor_empty():
    read = _read(Statement(rows=[DEPOSIT, WIN]).html())

    assert read.disagreeing == []
    assert _named(read)["Profit Factor"] == ""
    assert _named(read)["Loss trades (% of total)"] == "0 (0.00%)"


def test_losses_only_are_read():
    read = _read(Statement(rows=[DEPOSIT, LOSS]).html())

    assert read.disagreeing == []
    assert _named(read)["Profit Factor"] == "0.00"
    assert _named(read)["Largest loss trade"] == "-5.00"


def test_break_even_counts_as_a_profit_trade():
    read = _read(Statement(rows=[DEPOSIT, EVEN]).html())

    assert read.disagreeing == []
    assert _named(read)["Profit Trades (% of total)"] == "1 (100.00%)"


def test_header_is_read():
    header = _read(SIMPLE.html()).header

    assert header.broker == "Example Broker Ltd"
    assert header.holder == "Ada Example"
    assert header.printed_at == "2025 January 2, 10:15"


def test_progress_is_told_to_the_last_byte():
    content = SIMPLE.html().encode() + b" " * 200_000
    told: list[int] = []

    read_statement(io.BytesIO(content), "utf-8", told.append)

    assert told == sorted(told)
    assert len(told) >= 3
    assert told[-1] == len(content)


# MetaTrader's arithmetic, by hand.
def test_streaks_of_one_length_are_told_by_their_money():
    figures = _figures([5, 5, -1, 20, 1, -3, -3, 1, -2, -9])

    assert figures["Maximum consecutive wins ($)"] == "2 (21.00)"
    assert figures["Maximum consecutive losses ($)"] == "2 (-11.00)"
    assert figures["Maximal consecutive profit (count)"] == "21.00 (2)"
    assert figures["Maximal consecutive loss (count)"] == "-11.00 (2)"
    assert figures["Average consecutive wins"] == "2"
    assert figures["Average consecutive losses"] == "2"


def test_break_even_lets_a_winning_streak_go_on():
    figures = _figures([5, 0, 5, -1])

    assert figures["Maximum consecutive wins ($)"] == "3 (10.00)"


def test_average_streaks_round_halves_up():
    figures = _figures([1, -1, -1, 1, 1, -1])

    assert figures["Average consecutive wins"] == "2"
    assert figures["Average consecutive losses"] == "2"


def test_largest_fall_and_largest_share_may_be_different_falls():
    # 100, 50 (half of it), 1050, 850 (200 of 1050).
    figures = _figures([-50, 1000, -200], start=100)

    assert figures["Absolute Drawdown"] == "50.00"
    assert figures["Maximal Drawdown"] == "200.00 (19.05%)"
    assert figures["Relative Drawdown"] == "50.00% (50.00)"


def test_drawdown_beyond_the_balance_passes_100_percent():
    figures = _figures([-250], start=100)

    assert figures["Maximal Drawdown"] == "250.00 (250.00%)"


def test_drawdown_without_a_balance_has_no_share():
    assert _figures([-250])["Maximal Drawdown"] == "250.00 (0.00%)"


@pytest.mark.parametrize(
    ("nets", "expected"), [(["0.01", "0.00"], "0.01"), (["-0.01", "0.00"], "-0.01")]
)
def test_halves_are_rounded_away_from_zero(nets: list[str], expected: str):
    summary = Summary(
        Decimal(0), (ClosedTrade(Decimal(n), is_short=False) for n in nets)
    )

    assert summary.figures(2)[4] == expected


def test_figures_of_no_trades_are_zero():
    figures = _figures([])

    assert figures["Profit Factor"] == figures["Expected Payoff"] == ""
    assert figures["Total Trades"] == "0"
    assert figures["Short Positions (won %)"] == "0 (0.00%)"


CENTS = st.one_of(
    st.integers(-300, 300),
    st.sampled_from([0, 0, 100, -100]),
    st.integers(-(10**9), 10**9),
)


@given(
    trades=st.lists(st.tuples(CENTS, st.booleans()), max_size=40),
    start=st.integers(0, 10**7),
    decimals=st.sampled_from([0, 2]),
)
def test_summary_equals_the_plain_arithmetic(
    trades: list[tuple[int, bool]], start: int, decimals: int
):
    unit = 10**decimals
    summary = Summary(
        Decimal(start) / unit,
        (ClosedTrade(Decimal(net) / unit, is_short) for net, is_short in trades),
    )

    assert summary.figures(decimals) == printed_figures(
        Fraction(start, unit),
        [Fraction(net, unit) for net, _ in trades],
        [is_short for _, is_short in trades],
        decimals,
    )


TEXT = st.text("abc XYZ019 [sl]/.,+-_#äßдж中", max_size=31).map(
    lambda text: " ".join(text.split())
)
MOMENTS = st.integers(0, 10**7).map(lambda seconds: OPENED + timedelta(seconds=seconds))
AMOUNTS = st.integers(-(10**8), 10**8).map(lambda cents: Decimal(cents) / 100)


@st.composite
def positions(draw: st.DrawFn) -> Position:
    opened = draw(MOMENTS)
    magic = draw(st.none() | st.integers(1, 2**31))
    return Position(
        ticket=draw(st.integers(1, 10**12)),
        opened=opened,
        closed=opened + timedelta(seconds=draw(st.integers(0, 10**6))),
        kind=draw(st.sampled_from(["buy", "sell"])),
        lots=str(draw(st.integers(1, 10**5)) / Decimal(100)),
        symbol=draw(
            st.sampled_from(["eurusd", "xauusd+", "gbpusd.", "#aapl", "jp225"])
        ),
        commission=draw(AMOUNTS),
        taxes=draw(AMOUNTS),
        swap=draw(AMOUNTS),
        profit=draw(AMOUNTS),
        magic=magic,
        # Without a second row, "#12 text" is a magic number whoever wrote it.
        comment=draw(TEXT if magic else TEXT.filter(lambda text: text[:1] != "#")),
        has_second_row=draw(st.booleans()),
    )


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    rows = draw(
        st.lists(positions(), max_size=12, unique_by=lambda position: position.ticket)
    )
    cash = draw(
        st.lists(
            st.builds(
                Cash,
                ticket=st.integers(1, 10**6),
                amount=AMOUNTS,
                at=MOMENTS,
                kind=st.sampled_from(["balance", "credit"]),
            ),
            max_size=3,
        )
    )
    return Statement(
        rows=draw(st.permutations([*rows, *cash])),
        open_positions=[
            replace(position, closed=None) for position in draw(st.lists(positions()))
        ],
        working=draw(
            st.lists(st.builds(Cancelled, ticket=st.integers(1, 9)), max_size=2)
        ),
        account=str(draw(st.integers(1, 10**10))),
        balance_before=draw(AMOUNTS),
        is_detailed=draw(st.booleans()),
    )


@given(statement=statements())
def test_what_is_written_is_what_is_read(statement: Statement):
    written = {row.ticket: row for row in statement.rows if isinstance(row, Position)}

    rows = {
        int(row.ticket): row
        for row in _rows(statement)
        if isinstance(row, TradeRow) and row.status == TradeStatus.CLOSED
    }

    assert rows.keys() == written.keys()
    for ticket, row in rows.items():
        wrote = written[ticket]
        assert (row.opened_at, row.closed_at) == (wrote.opened, wrote.closed)
        assert (row.net, row.profit, row.swap) == (wrote.net, wrote.profit, wrote.swap)
        assert (row.magic_number, row.comment) == (wrote.magic, wrote.comment)
        assert (row.symbol.lower(), row.lots) == (wrote.symbol, Decimal(wrote.lots))


@given(statement=statements())
def test_statement_that_was_written_adds_up(statement: Statement):
    read = _read(statement.html())

    assert read.disagreeing == []
    ours = [figure.ours for figure in read.figures]
    assert ours == (statement.figures() if statement.is_detailed else [])


@given(statement=statements(), data=st.data())
def test_statement_without_one_of_its_rows_does_not_add_up(
    statement: Statement, data: st.DataObject
):
    nets = [row for row in statement.rows if isinstance(row, Position) and row.net]
    if not nets:
        return
    lost = data.draw(st.sampled_from(nets))
    html = statement.html()
    row = re.search(rf"<tr[^>]*><td[^>]*>{lost.ticket}</td>.*?</tr>\n", html)
    assert row

    try:
        read = _read(html.replace(row[0], "", 1))
    except DomainError:
        return
    assert "Closed P/L" in [figure.name for figure in read.disagreeing]


def test_moments_before_the_calendar_are_refused():
    row = replace(WIN, opened=datetime(1901, 1, 1))  # noqa: DTZ001

    with pytest.raises(DomainError, match="not a time of trading"):
        _rows(Statement(rows=[row]))


def _read(html: str) -> ReadStatement:
    return read_statement(io.BytesIO(html.encode()), "utf-8")


def _rows(statement: Statement) -> list[TradeRow | CashRow]:
    return list(StatementReader(io.BytesIO(statement.html().encode()), "utf-8"))


def _named(read: ReadStatement) -> dict[str, str]:
    return {figure.name: figure.ours for figure in read.figures}


def _figures(nets: list[int], start: int = 0) -> dict[str, str]:
    trades = (ClosedTrade(Decimal(net), is_short=False) for net in nets)
    figures = Summary(Decimal(start), trades).figures(2)
    return dict(zip(FIGURE_NAMES, figures, strict=True))
