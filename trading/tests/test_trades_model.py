"""Any reports in any order leave what a small model of the rules says they leave."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.services.heartbeats import Heartbeat
from bots.services.logs import LogLine, RecordedLogs
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    TRADES,
    create_partitions_for,
)
from trading.models import Trade, TradeHistory, TradeStatus, TradeType, trade_id
from trading.services.sync import SyncReport, record_sync
from trading.services.ticks import RecordedTicks, TickReport, record_ticks
from trading.services.trades import RecordedTrades, TradeReport, record_trades
from trading.tests.ingest_model import COLUMNS, Book

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
LIFE = (OPENED_AT - 9 * A_DAY, NOW)
IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SETTINGS = settings(
    max_examples=2000 if IS_NIGHTLY else 200,
    stateful_step_count=10,
    deadline=None,
    # To explain a failure would try it again for minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)

KINDS: list[dict[str, Any]] = [
    {},
    {
        "status": TradeStatus.CLOSED,
        "close_price": Decimal("1.10100"),
        "closed_at": OPENED_AT + AN_HOUR,
        "profit": Decimal("10.00"),
    },
    {"status": TradeStatus.CANCELLED},
]
CHANGES: list[dict[str, Any]] = [
    {},
    {"lot_size": Decimal("0.05")},
    {"stop_loss": Decimal("1.09000")},
    {"stop_loss": Decimal(0), "take_profit": Decimal(0)},
    {"take_profit": Decimal("1.20000")},
    {"commission": Decimal("-0.50")},
    {"swap": Decimal("-0.20")},
    {"profit": Decimal("11.00")},
    {"profit_percentage": Decimal("0.1000")},
    {"profit_percentage": Decimal("0.2000")},
    {"strategy_used": "breakout"},
    {"strategy_used": "grid", "magic_number": 2},
    {"magic_number": 1},
    {"comment": "first"},
    {"comment": "second"},
    {"symbol": "GBPUSD", "trade_type": TradeType.SELL, "open_price": Decimal(2)},
]
ENDS: list[dict[str, Any]] = [
    {},
    {},
    {"close_price": Decimal("1.10200")},
    {"closed_at": OPENED_AT},
    {"closed_at": OPENED_AT + 3 * A_DAY},
]
SHIFTS = [timedelta(0), timedelta(0), -AN_HOUR, AN_HOUR, -3 * AN_HOUR]


def trade(ticket: str, *told: dict[str, Any], shift: timedelta) -> TradeReport:
    """Return a report of a broker whose clock is off by `shift`."""
    fields: dict[str, Any] = {
        "ticket_number": ticket,
        "symbol": "EURUSD",
        "trade_type": TradeType.BUY,
        "lot_size": Decimal("0.10"),
        "open_price": Decimal("1.10000"),
        "opened_at": OPENED_AT,
    }
    for changes in told:
        fields |= changes
    if fields.get("status", TradeStatus.OPEN) == TradeStatus.OPEN:
        fields |= {"close_price": None, "closed_at": None}
    for name in ("opened_at", "closed_at"):
        if fields.get(name):
            fields[name] += shift
    return TradeReport(**fields)


TICKETS = st.sampled_from("123")
REPORTS = st.builds(
    trade,
    TICKETS,
    st.sampled_from(KINDS),
    st.sampled_from(ENDS),
    st.sampled_from(CHANGES),
    st.sampled_from(CHANGES),
    shift=st.sampled_from(SHIFTS),
)
TICKS = st.builds(
    TickReport,
    ticket_number=TICKETS,
    current_price=st.just(Decimal("1.10050")),
    unrealized_profit=st.just(Decimal("5.00")),
    recorded_at=st.sampled_from([OPENED_AT + days * A_DAY for days in range(-2, 6)]),
)
LINES = st.builds(
    LogLine,
    level=st.just(LogLevel.INFO),
    category=st.just(LogCategory.SYSTEM),
    message=st.sampled_from(["started", "stopped"]),
    created_at=st.sampled_from([OPENED_AT, OPENED_AT + AN_HOUR]),
    client_seq=st.sampled_from([0, 1]),
)


def batches_of(items: Any) -> Any:
    return st.lists(items, min_size=1, max_size=4)


class Ingest(RuleBasedStateMachine):
    """Calls to the services, and the same in the book; each run is rolled back."""

    bot: BotInstance

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.sent: list[TradeReport] = []
        self.run = transaction.atomic()
        self.run.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.run.__exit__(None, None, None)

    @rule(reports=batches_of(REPORTS), is_licensed=st.sampled_from([True, True, False]))
    def report_trades(self, reports, is_licensed):
        self.sent += reports

        self._report(reports, is_licensed=is_licensed)

    @rule(data=st.data())
    def report_trades_again(self, data):
        """Replay what was sent, in whichever order and as often."""
        if self.sent:
            self._report(data.draw(batches_of(st.sampled_from(self.sent))))

    @rule(ticks=batches_of(TICKS))
    def report_ticks(self, ticks):
        recorded = record_ticks(bot=self.bot, ticks=ticks, now=NOW)

        assert recorded == self._expected_ticks(ticks)

    @rule(
        reports=st.lists(REPORTS, max_size=3),
        ticks=st.lists(TICKS, max_size=3),
        lines=st.lists(LINES, max_size=3),
        is_licensed=st.sampled_from([True, True, False]),
    )
    def sync(self, reports, ticks, lines, is_licensed):
        self.sent += reports

        recorded = record_sync(
            bot=self.bot,
            report=SyncReport(Heartbeat(), reports, ticks, lines),
            now=NOW,
            is_licensed=is_licensed,
        )

        assert recorded.trades == self._expected_trades(reports, is_licensed)
        assert recorded.ticks == self._expected_ticks(ticks)
        outcomes = Counter(self.book.log(line) for line in lines)
        assert recorded.logs == RecordedLogs(outcomes["created"], outcomes["unchanged"])

    @invariant()
    def database_equals_the_book(self):
        # Bounds on the partition keys: to plan for all partitions takes the longest.
        trades = Trade.objects.filter(opened_at__range=LIFE)
        rows = trades.values("ticket_number", *COLUMNS)
        assert {row.pop("ticket_number"): row for row in rows} == self.book.trades
        ticks = TradeHistory.objects.filter(recorded_at__range=LIFE)
        ids = {
            ticket: trade_id(self.bot.pk, ticket, row["opened_at"])
            for ticket, row in self.book.trades.items()
        }
        assert sorted(ticks.values_list("trade_id", "recorded_at")) == sorted(
            (ids[ticket], at) for ticket, at in self.book.ticks
        )
        logs = BotLog.objects.filter(created_at__range=LIFE)
        told = list(logs.values_list("log_level", "message"))
        warned = [text.split()[1] for level, text in told if level == LogLevel.WARNING]
        assert sorted(warned) == sorted(self.book.disputed)
        assert len(told) - len(warned) == len(self.book.lines)

    def _report(self, reports: Sequence[TradeReport], *, is_licensed=True) -> None:
        recorded = record_trades(
            bot=self.bot, reports=reports, now=NOW, is_licensed=is_licensed
        )

        assert recorded == self._expected_trades(reports, is_licensed)

    def _expected_trades(self, reports, is_licensed) -> RecordedTrades:
        outcomes = [self.book.report(each, is_licensed=is_licensed) for each in reports]
        unknown = {
            each.ticket_number
            for each, outcome in zip(reports, outcomes, strict=True)
            if outcome == "unknown"
        }
        return RecordedTrades(
            outcomes.count("created"),
            outcomes.count("updated"),
            outcomes.count("unchanged"),
            frozenset(unknown),
        )

    def _expected_ticks(self, ticks: Sequence[TickReport]) -> RecordedTicks:
        outcomes = [self.book.tick(each) for each in ticks]
        refusals = {
            place: code for place, code in enumerate(outcomes) if code.isupper()
        }
        return RecordedTicks(
            outcomes.count("created"), outcomes.count("unchanged"), refusals
        )


@pytest.mark.django_db
def test_any_reports_in_any_order_leave_what_the_rules_say():
    class OfABot(Ingest):
        bot = BotInstanceFactory.create()

    days = [OPENED_AT + day * A_DAY for day in range(-3, 8)]
    for table in (TRADES, TRADE_HISTORY, BOT_LOGS):
        create_partitions_for(table, [*days, NOW], now=NOW)

    run_state_machine_as_test(OfABot, settings=SETTINGS)
