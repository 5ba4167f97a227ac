import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accounts.tests.threads import all_at_once
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.services import logs as bot_logs
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    PARTITIONED_TABLES,
    TRADE_HISTORY,
    TRADES,
    OutsidePartitions,
    PartitionedTable,
    create_partitions_for,
    ensure_partitions_ahead,
    write_to_partitions,
)
from trading.models import Trade, TradeHistory, TradeTicket, TradeType
from trading.services.trades import (
    RecordedTrades,
    TradeReport,
    record_trades,
    write_trades,
)
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

# Far enough from the day of the run for no partition to be there by itself.
NOW = datetime(2031, 5, 15, 12, tzinfo=UTC)
IN_2004 = datetime(2004, 5, 31, 23, 59, 59, tzinfo=UTC)


def partitions_of(table: PartitionedTable) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = %s::regclass",
            [table.name],
        )
        return {name for (name,) in cursor.fetchall()}


def all_partitions() -> set[str]:
    return set().union(*(partitions_of(table) for table in PARTITIONED_TABLES))


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def report(ticket: str, opened_at: datetime) -> TradeReport:
    return TradeReport(
        ticket_number=ticket,
        symbol="EURUSD",
        trade_type=TradeType.BUY,
        lot_size=Decimal("0.10"),
        open_price=Decimal("1.10000"),
        opened_at=opened_at,
    )


def record(bot: BotInstance, *moments: datetime) -> RecordedTrades:
    reports = [report(str(number), at) for number, at in enumerate(moments)]
    return record_trades(bot=bot, reports=reports, now=NOW)


@pytest.fixture
def bot(alice) -> BotInstance:
    return BotInstanceFactory.create(owner=alice)


# --- On demand ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("opened_at", "name"),
    [
        (datetime(2000, 1, 1, tzinfo=UTC), "trades_p200001"),
        (IN_2004, "trades_p200405"),
        (IN_2004 + timedelta(seconds=1), "trades_p200406"),
        (datetime(2004, 2, 29, 12, tzinfo=UTC), "trades_p200402"),
        (
            datetime(2004, 6, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "trades_p200405",
        ),
        (datetime(2032, 12, 31, 23, tzinfo=UTC), "trades_p203212"),
    ],
)
def test_trade_makes_the_partition_that_it_lacks(bot, opened_at, name):
    before = partitions_of(TRADES)

    recorded = record(bot, opened_at)

    assert recorded == RecordedTrades(created=1)
    assert partitions_of(TRADES) - before == {name}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, opened_at FROM trades")
        assert cursor.fetchall() == [(name, opened_at)]


@pytest.mark.parametrize(
    "moments",
    [
        [datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)],
        [IN_2004, datetime(1970, 1, 1, tzinfo=UTC)],
    ],
)
def test_trade_before_2000_is_refused_and_leaves_nothing(bot, moments):
    before = all_partitions()

    with pytest.raises(OutsidePartitions) as refusal, transaction.atomic():
        record(bot, *moments)

    assert (refusal.value.code, refusal.value.kind) == ("TIME_OUT_OF_RANGE", "invalid")
    assert all_partitions() == before
    assert not Trade.objects.exists()
    assert not TradeTicket.objects.exists()


@pytest.mark.parametrize(
    ("table", "oldest", "name"),
    [
        (TRADE_HISTORY, datetime(2030, 5, 15, tzinfo=UTC), "trade_history_p20300515"),
        (BOT_LOGS, datetime(2031, 2, 1, tzinfo=UTC), "bot_logs_p203102"),
    ],
    ids=["ticks", "logs"],
)
def test_partition_is_made_inside_its_retention_only(table, oldest, name):
    before = all_partitions()

    with pytest.raises(OutsidePartitions):
        create_partitions_for(table, [oldest - timedelta(seconds=1)], now=NOW)

    assert all_partitions() == before
    assert create_partitions_for(table, [oldest], now=NOW) == 1
    assert all_partitions() - before == {name}


def test_tick_makes_the_partition_that_it_lacks():
    trade = TradeFactory.create(opened_at=NOW)
    before = all_partitions()
    tick = TradeHistory(
        trade=trade,
        trade_opened_at=NOW,
        current_price=1,
        unrealized_profit=0,
        recorded_at=NOW,
    )

    write_to_partitions(
        {TRADE_HISTORY: [NOW]}, lambda: tick.save(force_insert=True), now=NOW
    )

    assert all_partitions() - before == {"trade_history_p20310515"}
    assert TradeHistory.objects.get() == tick


def test_log_makes_the_partition_that_it_lacks(bot):
    before = all_partitions()
    line = bot_logs.LogLine(
        level=LogLevel.INFO, category=LogCategory.SYSTEM, message="started"
    )

    recorded = bot_logs.record_logs(bot=bot, logs=[line], now=NOW)

    assert recorded == bot_logs.RecordedLogs(created=1)
    assert all_partitions() - before == {"bot_logs_p203105"}
    assert BotLog.objects.get().created_at == NOW


def test_gap_in_a_second_table_rolls_the_first_back_and_all_runs_again(bot):
    before = all_partitions()
    rows_at_the_start = []
    line = bot_logs.LogLine(
        level=LogLevel.INFO, category=LogCategory.SYSTEM, message="started"
    )

    def write() -> None:
        rows_at_the_start.append(Trade.objects.count())
        write_trades(bot=bot, reports=[report("1", NOW)], now=NOW)
        bot_logs.write_logs(bot=bot, logs=[line], now=NOW)

    create_partitions_for(TRADES, [NOW], now=NOW)
    write_to_partitions({TRADES: [NOW], BOT_LOGS: [NOW]}, write, now=NOW)

    assert rows_at_the_start == [0, 0]
    assert all_partitions() - before == {"trades_p203105", "bot_logs_p203105"}
    assert (Trade.objects.count(), BotLog.objects.count()) == (1, 1)


def test_failed_check_is_not_taken_for_a_missing_partition(bot):
    before = all_partitions()
    calls = []

    def write() -> None:
        calls.append(1)
        TradeFactory.create(bot_instance=bot, opened_at=NOW, lot_size=0)

    create_partitions_for(TRADES, [NOW], now=NOW)
    with pytest.raises(IntegrityError, match="trades_lot_size_positive"):
        write_to_partitions({TRADES: [IN_2004]}, write, now=NOW)

    assert calls == [1]
    assert all_partitions() - before == {"trades_p203105"}


def test_new_partition_has_the_rules_and_indexes_of_its_table(bot):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'trades'::regclass"
        )
        (of_parent,) = cursor.fetchone()

    record(bot, IN_2004)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid"
            " WHERE indrelid = 'trades_p200405'::regclass"
        )
        assert cursor.fetchone() == (of_parent,)
        cursor.execute(
            "SELECT count(*) FROM pg_constraint WHERE conname LIKE '%_bounds'"
        )
        assert cursor.fetchone() == (0,)
    trade = Trade.objects.get()
    with pytest.raises(IntegrityError, match="never change"):
        Trade.objects.filter(pk=trade.pk).update(ticket_number="other")


# --- Ahead ----------------------------------------------------------------------------
def test_partitions_are_made_ahead():
    before = all_partitions()

    made = ensure_partitions_ahead(now=NOW)

    days = {f"trade_history_p203105{day}" for day in range(15, 30)}
    months = {
        f"{name}_p20310{month}" for name in ("trades", "bot_logs") for month in "5678"
    }
    assert all_partitions() - before == days | months
    assert made == 15 + 2 * 4


def test_partitions_made_twice_are_made_once():
    ensure_partitions_ahead(now=NOW)
    before = all_partitions()

    assert ensure_partitions_ahead(now=NOW) == 0
    assert all_partitions() == before


def test_partitions_of_the_next_day_are_one_more():
    ensure_partitions_ahead(now=NOW)

    assert ensure_partitions_ahead(now=NOW + timedelta(days=1)) == 1


def test_partitions_ahead_of_the_year_lie_in_the_next():
    before = all_partitions()

    ensure_partitions_ahead(now=datetime(2031, 12, 31, 23, tzinfo=UTC))

    assert {"trades_p203112", "trades_p203203", "trade_history_p20320114"} <= (
        all_partitions() - before
    )


def test_command_says_how_many_partitions_it_made(capsys):
    call_command("ensure_partitions")

    assert capsys.readouterr().out == "0 partitions made\n"


# --- Detached -------------------------------------------------------------------------
def test_detached_and_renamed_partition_makes_way_for_a_new_one(bot):
    record(bot, IN_2004)
    execute("ALTER TABLE trades DETACH PARTITION trades_p200405")
    execute("ALTER TABLE trades_p200405 RENAME TO trades_p200405_archived_1")

    assert create_partitions_for(TRADES, [IN_2004], now=NOW) == 1

    assert "trades_p200405" in partitions_of(TRADES)
    assert "trades_p200405_archived_1" not in partitions_of(TRADES)
    other = BotInstanceFactory.create(owner=bot.user)
    assert record(other, IN_2004) == RecordedTrades(created=1)


# --- Reading --------------------------------------------------------------------------
def test_query_by_id_reads_one_partition():
    trades = [
        ClosedTradeFactory.create(
            opened_at=datetime(2025, month, 7, 9, 30, 15, 123456, UTC)
        )
        for month in range(1, 13)
    ]
    trade = trades[6]

    plan = Trade.objects.with_id(trade.pk).explain()

    assert set(re.findall(r"trades_p\d+", plan)) == {"trades_p202507"}
    assert Trade.objects.with_id(trade.pk).get() == trade


@pytest.mark.parametrize("microsecond", [0, 1, 999, 1000, 999_999])
def test_id_names_the_millisecond_in_which_its_trade_opened(microsecond):
    trade = TradeFactory.create(
        opened_at=datetime(2025, 7, 31, 23, 59, 59, microsecond, UTC)
    )

    assert Trade.objects.with_id(trade.pk).get() == trade


def test_an_id_of_a_time_that_no_calendar_has_is_no_trades():
    farthest = uuid.UUID(int=2**128 - 1)

    assert list(Trade.objects.with_id(farthest)) == []


# --- Races ----------------------------------------------------------------------------
@pytest.fixture
def nothing_before_2007(transactional_db) -> Iterator[None]:
    yield
    for name in partitions_of(TRADES):
        if name < "trades_p2007":
            execute(f"ALTER TABLE trades DETACH PARTITION {name}")
            execute(f"DROP TABLE {name}")


@pytest.mark.django_db(transaction=True)
def test_threads_that_lack_one_partition_make_it_once(nothing_before_2007, rounds):
    bot = BotInstanceFactory.create()

    for month in range(rounds):
        at = IN_2004 + month * timedelta(days=31)
        reports = [report(f"{month}{each:02}", at) for each in range(12)]
        recorded = all_at_once(
            [
                partial(record_trades, bot=bot, reports=[each], now=NOW)
                for each in reports
            ]
        )

        assert recorded == [RecordedTrades(created=1)] * 12

    assert Trade.objects.count() == 12 * rounds


@pytest.mark.django_db(transaction=True)
def test_threads_that_lack_many_partitions_make_each_once(nothing_before_2007):
    months = [datetime(2004, month, 9, tzinfo=UTC) for month in range(1, 13)]
    orders: list[Any] = [months, months[::-1], months[6:] + months[:6], months[::2]]
    every_bot = BotInstanceFactory.create_batch(4)

    all_at_once(
        [
            partial(record, bot, *order)
            for bot, order in zip(every_bot, orders, strict=True)
        ]
    )

    assert Trade.objects.count() == 12 * 3 + 6
    assert {name for name in partitions_of(TRADES) if "_p2004" in name} == {
        f"trades_p2004{month:02}" for month in range(1, 13)
    }
