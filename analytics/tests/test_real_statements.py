"""Real accounts: MetaTrader itself printed what the figures have to be."""

import json
import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from analytics.models import MetricType, PerformanceMetric, StatementCheck
from analytics.tests.conftest import Import
from bots.models import BotInstance
from trading.models import StatementImport, Trade, TradeStatus

FILES = [
    "jpy-292",
    "jpy-360-later-snapshot",
    "jpy-translated-5",
    "usd-112",
    "usd-250",
    "usd-cancelled-297",
]
FIELDS = {
    "total_trades": "total_trades",
    "winning_trades": "winning",
    "losing_trades": "losing",
    "break_even_trades": "breakeven",
    "gross_profit": "gross_profit",
    "gross_loss": "gross_loss",
    "net_profit": "net_profit",
    "win_rate": "win_rate",
    "profit_factor": "profit_factor",
    "is_without_losses": "profit_factor_undefined",
    "max_drawdown": "max_drawdown",
    "avg_win": "avg_win",
    "avg_loss": "avg_loss",
    "largest_win": "largest_win",
    "largest_loss": "largest_loss",
    "sharpe_ratio": "sharpe_trade",
}
# A trade's row, and the row of its magic number and comment if there is one.
CLOSED_ROW = re.compile(
    r"<tr(?:(?!</tr>).)*?nowrap>\d{4}\.(?:(?!</tr>).)*?</tr>\r?\n"
    r"(?:<tr[^>]*><td colspan=9>(?:(?!</tr>).)*?</tr>\r?\n)?",
    re.DOTALL,
)


@pytest.mark.parametrize("name", FILES)
def test_statement_imports_with_every_figure_as_printed(
    name: str, real_statements: Path, import_file: Import
):
    report = import_file(real_statements / f"{name}.htm")

    assert report["mismatches"] == 0
    assert len(report["figures"]) == 23
    assert [f for f in report["figures"] if not f["equal"]] == []
    printed = _expected(real_statements, name)["printed"]
    assert {
        f["name"]: f["printed"] for f in report["figures"]
    }.items() <= printed.items()
    assert report["trades"] == int(printed["Total Trades"])
    assert report["created"] == Trade.objects.count()
    assert report["created"] == report["trades"] + report["open"] + report["cancelled"]
    check = StatementCheck.objects.get()
    assert (check.figures, check.mismatches) == (report["figures"], 0)


@pytest.mark.parametrize("name", FILES)
def test_metrics_equal_the_expected_ones_in_every_row_and_field(
    name: str, real_statements: Path, import_file: Import
):
    import_file(real_statements / f"{name}.htm")

    assert _metrics() == _expected_metrics(real_statements, name)


@pytest.mark.parametrize("name", FILES)
def test_second_import_changes_nothing(
    name: str, real_statements: Path, import_file: Import
):
    first = import_file(real_statements / f"{name}.htm")
    before = _rows()
    trades = list(Trade.objects.order_by("pk").values())

    second = import_file(real_statements / f"{name}.htm")

    assert (second["created"], second["updated"]) == (0, 0)
    assert second["unchanged"] == first["created"]
    assert second["figures"] == first["figures"]
    assert _rows() == before
    assert list(Trade.objects.order_by("pk").values()) == trades


@pytest.mark.parametrize(
    "names",
    [("jpy-292", "jpy-360-later-snapshot"), ("jpy-360-later-snapshot", "jpy-292")],
)
def test_two_snapshots_of_an_account_make_one_whatever_their_order(
    names: tuple[str, str], real_statements: Path, import_file: Import
):
    reports = [import_file(real_statements / f"{name}.htm") for name in names]

    assert [report["mismatches"] for report in reports] == [0, 0]
    assert Trade.objects.filter(status=TradeStatus.CLOSED).count() == 360
    assert BotInstance.objects.count() == 1
    assert _metrics() == _expected_metrics(real_statements, "jpy-360-later-snapshot")


def test_later_snapshot_adds_what_is_new(real_statements: Path, import_file: Import):
    import_file(real_statements / "usd-112.htm")

    report = import_file(real_statements / "usd-250.htm")

    assert report["mismatches"] == 0
    assert Trade.objects.filter(status=TradeStatus.CLOSED).count() == 250
    assert _metrics() == _expected_metrics(real_statements, "usd-250")


@pytest.mark.parametrize("name", ["jpy-292", "usd-250", "usd-cancelled-297"])
def test_order_of_the_rows_does_not_matter(
    name: str, real_statements: Path, import_file: Import, tmp_path: Path
):
    text = (real_statements / f"{name}.htm").read_text("latin-1")
    start, end = _closed_section(text)
    rows = CLOSED_ROW.findall(text[start:end])
    shuffled = random.Random(5).sample(rows, len(rows))
    assert "".join(rows) in text
    path = tmp_path / "shuffled.htm"
    path.write_text(text.replace("".join(rows), "".join(shuffled)), "latin-1")

    report = import_file(path)

    assert shuffled != rows
    assert report["mismatches"] == 0
    assert _metrics() == _expected_metrics(real_statements, name)


@pytest.mark.parametrize("name", FILES)
def test_rolling_up_everything_changes_no_row(
    name: str, real_statements: Path, import_file: Import
):
    import_file(real_statements / f"{name}.htm")
    before = _rows()

    call_command("rollup", "--all", stdout=StringIO(), stderr=StringIO())

    assert _rows() == before


def test_broker_offset_moves_the_times_to_utc(
    real_statements: Path, import_file: Import
):
    import_file(real_statements / "jpy-translated-5.htm", utc_offset=120)

    expected = {
        _start(text) - timedelta(hours=2)
        for text in _expected(real_statements, "jpy-translated-5")["hourly"]
    }
    hours = PerformanceMetric.objects.filter(metric_type=MetricType.HOURLY)
    assert {metric.period_start for metric in hours} == expected
    assert BotInstance.objects.get().utc_offset_minutes == 120


def test_what_the_file_says_of_itself_is_kept(
    real_statements: Path, import_file: Import, alice: User
):
    import_file(real_statements / "jpy-translated-5.htm")

    record = StatementImport.objects.get()
    assert record.user == alice
    assert record.file_name == "jpy-translated-5.htm"
    assert (record.currency, record.trades) == ("JPY", 5)
    assert record.mt4_account == record.bot_instance.mt4_account


def _closed_section(text: str) -> tuple[int, int]:
    start = text.index("<tr", text.index("</tr>", text.index("#C0C0C0")))
    return start, text.index("<b>", start)


def _expected(folder: Path, name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(
        (folder / "expected" / f"{name}.json").read_text()
    )
    return expected


def _expected_metrics(folder: Path, name: str) -> dict[Any, dict[str, Any]]:
    expected = _expected(folder, name)
    return {
        (kind, _start(start)): {
            field: _number(row[key]) for field, key in FIELDS.items()
        }
        for kind in MetricType.values
        for start, row in expected[kind].items()
    }


def _metrics() -> dict[Any, dict[str, Any]]:
    return {
        (metric.metric_type, metric.period_start): {
            field: _number(getattr(metric, field)) for field in FIELDS
        }
        for metric in PerformanceMetric.objects.all()
    }


def _rows() -> list[Any]:
    return list(PerformanceMetric.objects.order_by("pk").values())


def _start(text: str) -> datetime:
    pattern = {7: "%Y-%m", 10: "%Y-%m-%d", 16: "%Y-%m-%dT%H:%M"}[len(text)]
    return datetime.strptime(text, pattern).replace(tzinfo=UTC)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
