"""What is not a sound statement of one's own is refused by name, and leaves nothing."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from analytics.models import PerformanceMetric, RollupDirty, StatementCheck
from analytics.tests.conftest import Import
from bots.models import BotInstance, BotLog, LogLevel
from bots.tests.factories import BotInstanceFactory
from licensing.models import License
from licensing.tests.factories import LicenseFactory
from smarttrader.lib.errors import DomainError
from trading.models import StatementImport, Trade, TradeTicket
from trading.statements.reader import StatementReader, StatementUnreadable
from trading.statements.verification import read_statement
from trading.tests.statement_writer import (
    FIGURE_NAMES,
    OPENED,
    Cancelled,
    Cash,
    Position,
    Statement,
)

HOUR = timedelta(hours=1)
TRADES = [
    Position(ticket=11, profit=Decimal("120.50"), commission=Decimal("-0.70")),
    Position(ticket=12, profit=Decimal("-33.25"), kind="sell", closed=OPENED + HOUR),
    Position(ticket=13, profit=Decimal("14.00"), closed=OPENED + 2 * HOUR),
    Position(ticket=14, profit=Decimal("1250.00"), closed=OPENED + 3 * HOUR),
    Position(
        ticket=15,
        profit=Decimal("-71.10"),
        swap=Decimal("-3.00"),
        magic=7,
        comment="Night",
        has_second_row=True,
        closed=OPENED + 4 * HOUR,
    ),
]
ROWS: list[Position | Cancelled | Cash] = [
    Cash(ticket=10, amount=Decimal(2000)),
    *TRADES,
    Cancelled(ticket=16),
]
OPEN = [Position(ticket=20, closed=None, profit=Decimal("-5.00"), swap=Decimal(-1))]
SOUND = Statement(rows=ROWS, open_positions=OPEN)
TOTALS = [
    *(f"Closed trades: {part}" for part in ("commission", "taxes", "swap", "profit")),
    "Closed P/L",
    *(f"Open trades: {part}" for part in ("commission", "taxes", "swap", "profit")),
    "Floating P/L",
    "Deposit/Withdrawal",
    "Closed Trade P/L",
    "Summary Floating P/L",
    "Equity",
]
TESTER_REPORT = (
    "<html><head><title>{title}</title></head><body><div><b>{title}</b></div><div><b>EA"
    "</b></div><table><tr align=left><td colspan=2>Symbol</td><td colspan=4>EURUSD</td>"
    '</tr></table><table><tr bgcolor="#C0C0C0" align=right>'
    + "<td>x</td>" * 10
    + "</tr><tr><td>1</td><td>2024.01.02 00:00</td><td>buy</td><td>1</td></tr></table>"
)
MT5_REPORT = (
    "<html><head><title>7001: Ada - Trade History Report</title></head><body>"
    "<table><tr align=center><td colspan=14><b>Trade History Report</b></td></tr>"
    "<tr align=left><th colspan=4>Account:</th><th colspan=10>7001 (USD)</th></tr>"
    '<tr bgcolor="#E5F0FC"><td><b>Time</b></td><td><b>Position</b></td></tr>'
    "<tr><td>2024.01.02 00:00:00</td><td>11</td><td>EURUSD</td></tr></table>"
)


def test_sound_statement_is_imported(import_file: Import, tmp_path: Path):
    report = import_file(_file(tmp_path, SOUND))

    assert report["mismatches"] == 0
    assert (report["trades"], report["open"], report["cancelled"]) == (5, 1, 1)
    assert [figure["printed"] for figure in report["figures"]] == SOUND.figures()


@pytest.mark.parametrize("name", [*TOTALS, *FIGURE_NAMES])
def test_changed_total_is_refused_by_its_name(
    name: str, import_file: Import, tmp_path: Path
):
    number = FIGURE_NAMES.index(name) if name in FIGURE_NAMES else None
    text = "777.77" if number is None else f"{SOUND.figures()[number]}7"
    path = _file(tmp_path, replace(SOUND, changes={name: text}))

    error = _refusal(import_file, path)

    assert f"{name}: printed {text}, the rows give" in str(error)
    # Equity is held against the floating result that the summary prints.
    assert str(error).count("printed") == 1 + (name == "Summary Floating P/L")
    _assert_refused(error, "STATEMENT_DISAGREES")


@pytest.mark.parametrize("name", FIGURE_NAMES)
def test_each_number_of_a_figure_counts(name: str, import_file: Import, tmp_path: Path):
    figure = SOUND.figures()[FIGURE_NAMES.index(name)]
    for match in re.finditer(r"\d(?!.*\d.*%)|\d(?=[^(]*\()", figure):
        digit = str((int(match[0]) + 1) % 10)
        text = figure[: match.start()] + digit + figure[match.end() :]
        path = _file(tmp_path, replace(SOUND, changes={name: text}))

        error = _refusal(import_file, path)

        assert f"{name}: printed {text}," in str(error)


def test_changed_profit_of_a_row_is_refused_with_what_it_upsets(
    import_file: Import, tmp_path: Path
):
    path = _file(tmp_path, SOUND.html().replace(">14.00</td>", ">41.00</td>"))

    error = _refusal(import_file, path)

    named = re.findall(r"(?:\. |; )([^:;]+(?:: \w+)?): printed", str(error))
    assert named[:3] == ["Closed trades: profit", "Closed P/L", "Closed Trade P/L"]
    assert {"Gross Profit", "Total Net Profit", "Expected Payoff"} <= set(named)
    _assert_refused(error, "STATEMENT_DISAGREES")


def test_row_that_was_taken_out_is_refused(import_file: Import, tmp_path: Path):
    html = SOUND.html()
    row = re.search(r"<tr[^>]*><td>13</td>.*?</tr>\n", html)
    assert row
    path = _file(tmp_path, html.replace(row[0], ""))

    error = _refusal(import_file, path)

    assert "Total Trades: printed 5, the rows give 4" in str(error)
    _assert_refused(error, "STATEMENT_DISAGREES")


def test_row_that_stands_twice_is_refused(import_file: Import, tmp_path: Path):
    twice = replace(TRADES[0], closed=OPENED + 5 * HOUR)
    path = _file(tmp_path, replace(SOUND, rows=[*ROWS, twice]))

    error = _refusal(import_file, path)

    assert "ticket 11" in str(error)
    _assert_refused(error, "STATEMENT_UNREADABLE")


@pytest.mark.parametrize(
    ("trade", "code", "reason"),
    [
        ({"lots": "0.00"}, "STATEMENT_UNREADABLE", "0.00 lots"),
        ({"lots": "-0.10"}, "STATEMENT_UNREADABLE", "-0.10 lots"),
        ({"lots": "a lot"}, "STATEMENT_UNREADABLE", "'a lot' is not a number"),
        ({"lots": "100000000.00"}, "STATEMENT_UNREADABLE", "out of range"),
        ({"open_price": "1e5"}, "STATEMENT_UNREADABLE", "'1e5' is not a number"),
        ({"open_price": "10000000000"}, "STATEMENT_UNREADABLE", "out of range"),
        ({"kind": "swap"}, "STATEMENT_UNREADABLE", "'swap' is neither"),
        ({"closed": OPENED - HOUR}, "STATEMENT_UNREADABLE", "closed before it opened"),
        (
            {"closed": datetime(2999, 1, 1)},  # noqa: DTZ001
            "STATEMENT_UNREADABLE",
            "of the future",
        ),
        (
            {"closed": datetime(9999, 12, 31, 23, 59)},  # noqa: DTZ001
            "STATEMENT_UNREADABLE",
            "not a time of trading",
        ),
        (
            {"opened": datetime(1999, 12, 31)},  # noqa: DTZ001
            "TIME_OUT_OF_RANGE",
            "nothing before 2000-01-01",
        ),
        (
            {"opened": datetime(1970, 1, 1)},  # noqa: DTZ001
            "TIME_OUT_OF_RANGE",
            "nothing before 2000-01-01",
        ),
        ({"profit": Decimal(10) ** 8}, "STATEMENT_UNREADABLE", "out of range"),
    ],
)
def test_impossible_trade_is_refused(
    trade: dict[str, Any], code: str, reason: str, import_file: Import, tmp_path: Path
):
    row = replace(TRADES[0], **trade)
    path = _file(tmp_path, replace(SOUND, rows=[row]))

    error = _refusal(import_file, path, utc_offset=-720)

    assert reason in str(error)
    _assert_refused(error, code)


def test_opening_in_the_future_is_refused_and_makes_no_partition(
    import_file: Import, tmp_path: Path
):
    future = datetime(2999, 1, 1)  # noqa: DTZ001
    row = replace(TRADES[0], opened=future, closed=future + HOUR)
    path = _file(tmp_path, replace(SOUND, rows=[row]))

    error = _refusal(import_file, path)

    assert "trades_p299901" not in connection.introspection.table_names()
    _assert_refused(error, "STATEMENT_UNREADABLE")


def test_row_of_unknown_shape_with_a_ticket_is_refused(
    import_file: Import, tmp_path: Path
):
    odd = "<tr align=right><td>17</td><td>2024.03.04 09:00:00</td><td>buy</td></tr>\n"
    html = SOUND.html()
    start = html.index("<tr bgcolor=#E0E0E0")
    path = _file(tmp_path, html[:start] + odd + html[start:])

    error = _refusal(import_file, path)

    assert "a row of an unknown shape" in str(error)
    _assert_refused(error, "STATEMENT_UNREADABLE")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TESTER_REPORT.format(title="Strategy Tester: X"), "STRATEGY_TESTER_REPORT"),
        (TESTER_REPORT.format(title="ストラテジーテスター"), "STRATEGY_TESTER_REPORT"),
        (MT5_REPORT, "NOT_A_STATEMENT"),
        (MT5_REPORT.encode("utf-16"), "NOT_A_STATEMENT"),
        ("<html><body><p>Hello</p></body></html>", "NOT_A_STATEMENT"),
        ("<table><tr><td>1</td></tr></table>", "NOT_A_STATEMENT"),
        ('<table><tr bgcolor="#C0C0C0"></tr></table>', "NOT_A_STATEMENT"),
        ("Account: 7\nCurrency: USD\n11 buy 0.10", "NOT_A_STATEMENT"),
        ("", "NOT_A_STATEMENT"),
        (" \n", "NOT_A_STATEMENT"),
        ("\0" * 2000, "NOT_A_STATEMENT"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "NOT_A_STATEMENT"),
        (b"PK\x03\x04" + bytes(range(255, 0, -1)) * 40, "NOT_A_STATEMENT"),
    ],
    ids=[
        "tester", "tester in Japanese", "MT5", "MT5 in UTF-16", "HTML", "table",
        "gray row", "text", "empty", "blank", "zeros", "PNG", "ZIP",
    ],
)  # fmt: skip
def test_file_that_is_no_statement_is_refused(
    content: str | bytes, code: str, import_file: Import, tmp_path: Path
):
    error = _refusal(import_file, _file(tmp_path, content))

    _assert_refused(error, code)


@given(content=st.binary(max_size=3000))
def test_bytes_of_any_kind_are_refused(content: bytes):
    with pytest.raises(DomainError):
        read_statement(io.BytesIO(content), "utf-8")


@given(data=st.data())
def test_damaged_statement_is_read_or_refused_but_never_breaks(data: st.DataObject):
    content = bytearray(SOUND.html().encode())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))

    with contextlib.suppress(DomainError):
        read_statement(io.BytesIO(bytes(content)), "utf-8")


def test_file_that_was_cut_off_before_the_last_figure_of_its_summary_is_refused():
    html = SOUND.html()
    cell = html.index("<b>", html.index("Equity:</b></td>"))

    with pytest.raises(StatementUnreadable):
        _assert_sound(html[:cell])


@given(data=st.data())
def test_file_that_was_cut_off_is_refused(data: st.DataObject):
    html = SOUND.html()
    summary_end = html.index("</b>", html.index("Equity:</b></td>") + 20)
    details_start = html.index("Expected Payoff")
    details_end = html.rindex("</b></td></tr>") - 1
    cut = data.draw(
        st.integers(0, summary_end - 1) | st.integers(details_start, details_end - 1)
    )

    with pytest.raises(DomainError):
        _assert_sound(html[:cut])


def test_file_that_was_cut_off_between_summary_and_details_has_no_figures():
    html = SOUND.html()

    read = read_statement(
        io.BytesIO(html[: html.index("Gross Profit")].encode()), "utf-8"
    )

    # All its trades are there and add up: this is what a plain report looks like.
    assert read.figures == []
    assert len(read.closed_tickets) == 5


def test_file_that_is_too_large_is_refused_unread(
    import_file: Import, tmp_path: Path, settings: Any
):
    path = _file(tmp_path, SOUND)
    settings.STATEMENT_MAX_BYTES = path.stat().st_size - 1

    error = _refusal(import_file, path)

    _assert_refused(error, "TOO_LARGE")


def test_file_of_the_largest_size_is_read(
    import_file: Import, tmp_path: Path, settings: Any
):
    path = _file(tmp_path, SOUND)
    settings.STATEMENT_MAX_BYTES = path.stat().st_size

    assert import_file(path)["mismatches"] == 0


@pytest.mark.parametrize("name", ["klingon", "hex", "idna", "undefined"])
def test_encoding_that_is_none_is_refused(
    name: str, import_file: Import, tmp_path: Path
):
    error = _refusal(import_file, _file(tmp_path, SOUND), encoding=name)

    _assert_refused(error, "ENCODING_UNKNOWN")


def test_wrong_encoding_that_reads_no_row_is_refused(
    import_file: Import, tmp_path: Path
):
    error = _refusal(import_file, _file(tmp_path, SOUND), encoding="utf-16-le")

    _assert_refused(error, "NOT_A_STATEMENT")


def test_user_without_a_license_is_refused(charlie: User, tmp_path: Path):
    with pytest.raises(CommandError) as refusal:
        call_command("import_statement", _file(tmp_path, SOUND), user=charlie.email)

    _assert_refused(refusal.value, "NO_LICENSE")


def test_nobody_is_refused(import_file: Import, tmp_path: Path):
    with pytest.raises(CommandError) as refusal:
        call_command("import_statement", _file(tmp_path, SOUND), user="x@example.com")

    _assert_refused(refusal.value, "USER_NOT_FOUND")


def test_file_that_does_not_exist_is_refused(import_file: Import, tmp_path: Path):
    error = _refusal(import_file, tmp_path / "nothing.htm")

    assert error.returncode == 2


@pytest.mark.parametrize("option", ["license", "bot"])
def test_what_is_charlies_is_refused(
    option: str, import_file: Import, charlie: User, tmp_path: Path
):
    bot = BotInstanceFactory.create(owner=charlie, mt4_account=SOUND.account)
    identifier = str(bot.pk if option == "bot" else bot.license_id)

    error = _refusal(import_file, _file(tmp_path, SOUND), **{option: identifier})

    assert error.returncode == 2
    assert f"has no {'bot instance' if option == 'bot' else 'license'}" in str(error)
    assert list(BotInstance.objects.all()) == [bot]
    assert not Trade.objects.exists()


def test_charlies_bot_of_the_same_account_is_left_alone(
    import_file: Import, charlie: User, tmp_path: Path
):
    theirs = BotInstanceFactory.create(owner=charlie, mt4_account=SOUND.account)

    import_file(_file(tmp_path, SOUND))

    assert not Trade.objects.filter(bot_instance=theirs).exists()
    assert Trade.objects.count() == 7


@pytest.mark.parametrize("option", ["license", "bot"])
@pytest.mark.parametrize("identifier", ["17", "not-a-uuid", ""])
def test_identifier_that_is_none_is_refused(
    option: str, identifier: str, import_file: Import, tmp_path: Path
):
    error = _refusal(import_file, _file(tmp_path, SOUND), **{option: identifier})

    assert error.returncode == 2
    _assert_nothing_is_left()


def test_bot_of_another_account_is_refused(
    import_file: Import, alices_license: License, tmp_path: Path
):
    bot = BotInstanceFactory.create(license=alices_license, mt4_account="7000002")

    error = _refusal(import_file, _file(tmp_path, SOUND), bot=str(bot.pk))

    assert "7000002" in str(error)
    assert _code(error) == "ACCOUNT_MISMATCH"
    assert not Trade.objects.exists()


def test_statement_in_another_currency_is_refused_and_changes_nothing(
    import_file: Import, tmp_path: Path
):
    import_file(_file(tmp_path, SOUND))
    before = _everything()
    other = replace(SOUND, currency="EUR", rows=[*ROWS, Position(ticket=99)])

    error = _refusal(import_file, _file(tmp_path, other))

    assert _code(error) == "CURRENCY_MISMATCH"
    assert _everything() == before


def test_refused_file_changes_nothing_of_what_was_imported(
    import_file: Import, tmp_path: Path
):
    import_file(_file(tmp_path, SOUND))
    before = _everything()
    changed = replace(SOUND, changes={"Gross Profit": "1.00"})

    _refusal(import_file, _file(tmp_path, changed))

    assert _everything() == before


def test_trade_that_was_stored_with_another_profit_is_told_as_a_mismatch(
    import_file: Import, tmp_path: Path
):
    import_file(_file(tmp_path, SOUND))
    rows = [
        replace(TRADES[2], profit=Decimal(99)) if row == TRADES[2] else row
        for row in ROWS
    ]
    path = _file(tmp_path, replace(SOUND, rows=rows))

    error = _refusal(import_file, path)
    again = _refusal(import_file, path)

    assert (error.returncode, again.returncode) == (1, 1)
    assert "figures differ" in str(error)
    assert Trade.objects.get(ticket_number="13").profit == Decimal("14.00")
    check = StatementCheck.objects.order_by("-pk")[0]
    assert check.mismatches > 0
    log = BotLog.objects.get()
    assert log.log_level == LogLevel.WARNING
    assert "Trade 13" in log.message


def test_newest_license_is_taken_unless_another_is_named(
    import_file: Import, alice: User, alices_license: License, tmp_path: Path
):
    newest = LicenseFactory.create(
        user=alice, issued_at=alices_license.issued_at + timedelta(days=1)
    )

    import_file(_file(tmp_path, SOUND))
    import_file(
        _file(tmp_path, replace(SOUND, account="7000002")),
        license=str(alices_license.pk),
    )

    by_account = dict(BotInstance.objects.values_list("mt4_account", "license"))
    assert by_account == {"7000001": newest.pk, "7000002": alices_license.pk}


def test_file_name_from_an_attacker_is_kept_harmless(
    import_file: Import, tmp_path: Path
):
    name = "&" + "amp;" * 9 + "lt;b>.htm"
    path = _file(tmp_path, SOUND).rename(tmp_path / name)

    import_file(path)

    assert StatementImport.objects.get().file_name == "statement"


@pytest.mark.django_db(transaction=True)
def test_exit_status_of_the_process_is_two_without_a_license(
    charlie: User, tmp_path: Path
):
    done = subprocess.run(  # noqa: S603 -- our own command
        [
            sys.executable,
            django_settings.BASE_DIR / "manage.py",
            "import_statement",
            _file(tmp_path, SOUND),
            f"--user={charlie.email}",
            "--json",
        ],
        env=os.environ | {"DATABASE_URL": _test_database_url()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["error"] == "NO_LICENSE"
    assert "NO_LICENSE" in done.stderr
    assert "Traceback" not in done.stderr


def _test_database_url() -> str:
    parts = connection.settings_dict
    return re.sub(
        r"/[^/?]+(\?.*)?$", rf"/{parts['NAME']}\1", os.environ["DATABASE_URL"]
    )


def _file(folder: Path, content: Statement | str | bytes) -> Path:
    path = folder / "statement.htm"
    if isinstance(content, Statement):
        content = content.html()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _refusal(import_file: Import, path: Path, **options: Any) -> CommandError:
    with pytest.raises(CommandError) as refusal:
        import_file(path, **options)
    return refusal.value


def _code(error: CommandError) -> str:
    return str(error).split(":", maxsplit=1)[0]


def _assert_refused(error: CommandError, code: str) -> None:
    assert _code(error) == code
    assert error.returncode == 2
    _assert_nothing_is_left()


def _assert_nothing_is_left() -> None:
    assert {name: len(rows) for name, rows in _everything().items() if rows} == {}


def _everything() -> dict[str, list[dict[str, Any]]]:
    models = (
        BotInstance,
        Trade,
        TradeTicket,
        StatementImport,
        StatementCheck,
        PerformanceMetric,
        RollupDirty,
        BotLog,
    )
    return {
        model.__name__: list(QuerySet(model).order_by("pk").values())
        for model in models
    }


def _assert_sound(html: str) -> None:
    read = read_statement(io.BytesIO(html.encode()), "utf-8")
    if read.disagreeing:
        raise DomainError(json.dumps([figure.name for figure in read.disagreeing]))


def test_reader_without_rows_has_no_header():
    reader = StatementReader(io.BytesIO(b""), "utf-8")

    with pytest.raises(DomainError):
        _ = reader.header


def test_refusal_as_json_names_the_figures(
    alice: User, alices_license: License, tmp_path: Path
):
    out = io.StringIO()
    path = _file(tmp_path, replace(SOUND, changes={"Gross Profit": "1.00"}))

    with pytest.raises(CommandError):
        call_command(
            "import_statement", path, user=alice.email, as_json=True, stdout=out
        )

    refusal = json.loads(out.getvalue())
    assert (refusal["error"], refusal["mismatches"]) == ("STATEMENT_DISAGREES", 1)
    assert refusal["figures"][0] == {
        "name": "Gross Profit",
        "printed": "1.00",
        "ours": "1 383.80",
        "equal": False,
    }
