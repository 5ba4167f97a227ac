"""Calls of one bot at once, on real connections: exact outcomes, and no deadlock."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.tests.threads import all_at_once
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.services.heartbeats import Heartbeat
from bots.services.logs import LogLine
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    TRADES,
    create_partitions_for,
)
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory, TradeStatus, TradeTicket, TradeType
from trading.services.sync import SyncReport, record_sync
from trading.services.ticks import TickReport, record_ticks
from trading.services.trades import RecordedTrades, TradeReport, record_trades

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
WRITERS, TICKETS, CHOSEN, CALLS = 8, 40, 30, 5


def trade(ticket: str, **changes: Any) -> TradeReport:
    told: dict[str, Any] = {
        "ticket_number": ticket,
        "symbol": "EURUSD",
        "trade_type": TradeType.BUY,
        "lot_size": Decimal("0.10"),
        "open_price": Decimal("1.10000"),
        "opened_at": OPENED_AT,
    }
    return TradeReport(**told | changes)


def closed(ticket: str, **changes: Any) -> TradeReport:
    told: dict[str, Any] = {
        "status": TradeStatus.CLOSED,
        "close_price": Decimal("1.10100"),
        "closed_at": OPENED_AT + 60 * A_MINUTE,
        "profit": Decimal("10.00"),
    }
    return trade(ticket, **told | changes)


def tick(ticket: str, minute: int) -> TickReport:
    return TickReport(
        ticket_number=ticket,
        current_price=Decimal("1.10050"),
        unrealized_profit=Decimal("5.00"),
        recorded_at=OPENED_AT + minute * A_MINUTE,
    )


def line(seq: int) -> LogLine:
    return LogLine(
        level=LogLevel.INFO,
        category=LogCategory.TRADE,
        message=f"line {seq}",
        created_at=OPENED_AT,
        client_seq=seq,
    )


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@pytest.fixture
def bot(transactional_db) -> BotInstance:
    """A bot that other connections see, beside the partitions that its rows need."""
    create_partitions_for(TRADES, [OPENED_AT], now=NOW)
    create_partitions_for(TRADE_HISTORY, [OPENED_AT], now=NOW)
    create_partitions_for(BOT_LOGS, [OPENED_AT], now=NOW)
    return BotInstanceFactory.create()


@pytest.fixture
def no_deadlock(transactional_db) -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before


@pytest.mark.parametrize("report", [trade("1"), closed("1")], ids=["open", "closed"])
def test_one_ticket_fifty_times_at_once_is_created_once(
    bot, no_deadlock, rounds, report
):
    for _ in range(rounds):
        Trade.objects.all().delete()

        recorded = all_at_once(
            [partial(record_trades, bot=bot, reports=[report], now=NOW)] * 50
        )

        assert sum(recorded, RecordedTrades()) == RecordedTrades(
            created=1, unchanged=49
        )
        assert (Trade.objects.count(), TradeTicket.objects.count()) == (1, 1)
    assert not BotLog.objects.exists()


def test_one_ticket_fifty_times_at_once_over_http(
    alice, no_deadlock, rounds, no_limits
):
    key = license_key_of(alice)
    first = Ea()
    first.activate(key)
    eas = [Ea() for _ in range(50)]
    for ea in eas:
        ea.token = first.token

    for number in range(rounds):
        body = {
            "ticket_number": number,
            "symbol": "EURUSD",
            "trade_type": "BUY",
            "lot_size": "0.10",
            "open_price": "1.1",
            "opened_at": f"{clock.now():%Y.%m.%d} 00:00",
        }
        replies = all_at_once([partial(ea.call, "trades", body) for ea in eas])

        assert {ea.status for ea in eas} == {200}
        assert sum(reply["created"] for reply in replies) == 1
        assert sum(reply["unchanged"] for reply in replies) == 49
    assert Trade.objects.count() == rounds


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
def test_writers_with_overlapping_batches_in_any_order_do_not_deadlock(
    bot, no_deadlock, rounds, is_new
):
    tickets = [str(number) for number in range(1, TICKETS + 1)]
    if not is_new:
        record_trades(bot=bot, reports=[trade(ticket) for ticket in tickets], now=NOW)

    def write(seed: int) -> RecordedTrades:
        shuffled = random.Random(seed)
        return sum(
            (
                record_trades(
                    bot=bot,
                    reports=[
                        trade(ticket, profit=Decimal(seed * 10 + number))
                        for ticket in shuffled.sample(tickets, CHOSEN)
                    ],
                    now=NOW,
                )
                for number in range(CALLS)
            ),
            start=RecordedTrades(),
        )

    for turn in range(rounds):
        if is_new:
            Trade.objects.all().delete()

        recorded = sum(
            all_at_once([partial(write, turn * 100 + seed) for seed in range(WRITERS)]),
            start=RecordedTrades(),
        )

        assert recorded.created == (TICKETS if is_new else 0)
        assert (
            recorded.created + recorded.updated + recorded.unchanged
            == WRITERS * CALLS * CHOSEN
        )
        assert Trade.objects.count() == TICKETS


def test_trades_ticks_and_syncs_at_once_do_not_deadlock(bot, no_deadlock, rounds):
    tickets = [str(number) for number in range(1, TICKETS + 1)]

    def call(shuffled: random.Random) -> Callable[[], object]:
        """Return a call with its items in an order of its own."""
        chosen = shuffled.sample(tickets, CHOSEN)
        trades = [
            closed(ticket) if shuffled.random() < 0.3 else trade(ticket)
            for ticket in chosen
        ]
        # A ticket may come again: its close may stand in a later round.
        trades += [closed(ticket) for ticket in shuffled.sample(chosen, 5)]
        ticks = [
            tick(ticket, shuffled.randrange(30))
            for ticket in shuffled.sample(tickets, CHOSEN)
        ]
        logs = [line(seq) for seq in shuffled.sample(range(TICKETS), CHOSEN)]
        report = SyncReport(Heartbeat(), trades, ticks, logs)
        calls: list[Callable[[], object]] = [
            partial(record_trades, bot=bot, reports=trades, now=NOW),
            partial(record_ticks, bot=bot, ticks=ticks, now=NOW),
            partial(record_sync, bot=bot, report=report, now=NOW),
        ]
        return shuffled.choice(calls)

    def work(seed: int) -> None:
        shuffled = random.Random(seed)
        for _ in range(CALLS):
            call(shuffled)()

    for turn in range(2 * rounds):
        Trade.objects.all().delete()
        record_trades(
            bot=bot, reports=[trade(ticket) for ticket in tickets[::2]], now=NOW
        )

        all_at_once([partial(work, turn * 100 + seed) for seed in range(WRITERS)])

        closed_trades = Trade.objects.filter(status=TradeStatus.CLOSED)
        assert Trade.objects.count() == TradeTicket.objects.count() == TICKETS
        assert {each.profit for each in closed_trades} == {Decimal("10.00")}
        orphans = TradeHistory.objects.exclude(trade__in=Trade.objects.values("pk"))
        assert orphans.count() == 0
    assert BotLog.objects.count() == TICKETS


def test_closes_and_ticks_at_once_do_not_deadlock(bot, no_deadlock, rounds):
    tickets = [str(number) for number in range(1, 5 * TICKETS)]
    ticks = [tick(ticket, minute) for ticket in tickets for minute in range(2)]
    closes = [closed(ticket) for ticket in tickets]
    calls: list[Callable[[], object]] = [
        *[partial(record_trades, bot=bot, reports=closes, now=NOW)] * 2,
        *[partial(record_ticks, bot=bot, ticks=ticks, now=NOW)] * 6,
    ]

    for _ in range(3 * rounds):
        Trade.objects.all().delete()
        opened = [trade(ticket) for ticket in tickets]
        record_trades(bot=bot, reports=opened, now=NOW)

        all_at_once(calls)

        assert Trade.objects.filter(status=TradeStatus.CLOSED).count() == len(tickets)
        assert TradeHistory.objects.count() == len(ticks)


def test_syncs_at_once_store_each_item_once(bot, no_deadlock, rounds):
    tickets = [str(number) for number in range(1, TICKETS + 1)]
    ticks = [tick(ticket, minute) for ticket in tickets for minute in range(3)]

    for turn in range(rounds):
        lines = [line(turn * TICKETS + seq) for seq in range(TICKETS)]
        reports = [
            SyncReport(
                Heartbeat(),
                random.Random(seed).sample([closed(each) for each in tickets], TICKETS),
                random.Random(seed).sample(ticks, len(ticks)),
                random.Random(seed).sample(lines, TICKETS),
            )
            for seed in range(WRITERS)
        ]
        Trade.objects.all().delete()

        recorded = all_at_once(
            [
                partial(record_sync, bot=bot, report=report, now=NOW)
                for report in reports
            ]
        )

        created = [
            sum(each.trades.created for each in recorded),
            sum(each.ticks.created for each in recorded),
            sum(each.logs.created for each in recorded),
        ]
        assert created == [TICKETS, 3 * TICKETS, TICKETS]
        assert TradeHistory.objects.count() == 3 * TICKETS
        assert BotLog.objects.count() == (turn + 1) * TICKETS
