from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.tests.threads import all_at_once
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    TRADES,
    OutsidePartitions,
    create_partitions_for,
)
from trading.models import Trade, TradeStatus, TradeTicket, TradeType, trade_id
from trading.services.trades import RecordedTrades, TradeReport, record_trades
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
ONE_HOUR = timedelta(hours=1)
CREATED, UPDATED, UNCHANGED = (
    RecordedTrades(created=1),
    RecordedTrades(updated=1),
    RecordedTrades(unchanged=1),
)


def opened(ticket: str = "1001", **changes: Any) -> TradeReport:
    report = TradeReport(
        ticket_number=ticket,
        symbol="EURUSD",
        trade_type=TradeType.BUY,
        lot_size=Decimal("0.10"),
        open_price=Decimal("1.10000"),
        opened_at=OPENED_AT,
    )
    return replace(report, **changes)


def closed(ticket: str = "1001", **changes: Any) -> TradeReport:
    report = opened(
        ticket,
        status=TradeStatus.CLOSED,
        close_price=Decimal("1.10100"),
        closed_at=OPENED_AT + ONE_HOUR,
        profit=Decimal("10.00"),
        commission=Decimal("-0.50"),
        swap=Decimal("-0.20"),
    )
    return replace(report, **changes)


def record(bot: BotInstance, *reports: TradeReport) -> RecordedTrades:
    return record_trades(bot=bot, reports=reports, now=NOW)


def stored(bot: BotInstance) -> dict[str, Any]:
    """Return the one trade of a bot, as a row without its times of writing."""
    row: dict[str, Any] = dict(Trade.objects.filter(bot_instance=bot).values().get())
    return {name: row[name] for name in row if name not in {"created_at", "updated_at"}}


@pytest.fixture
def bot(alice) -> BotInstance:
    return BotInstanceFactory.create(owner=alice)


def test_open_trade_is_stored_as_reported(bot):
    report = opened(
        stop_loss=Decimal("1.09"),
        take_profit=Decimal("1.12"),
        commission=Decimal("-0.5"),
        swap=Decimal("-0.1"),
        profit=Decimal("3.21"),
        profit_percentage=Decimal("0.0321"),
        strategy_used="breakout",
        magic_number=42,
        comment="first",
        continued_from="1000",
    )

    recorded = record(bot, report)

    assert recorded == CREATED
    assert stored(bot) == {
        "id": trade_id(bot.pk, "1001", OPENED_AT),
        "bot_instance_id": bot.pk,
        "ticket_number": "1001",
        "symbol": "EURUSD",
        "trade_type": "BUY",
        "lot_size": Decimal("0.10"),
        "open_price": Decimal("1.10000"),
        "close_price": None,
        "stop_loss": Decimal("1.09000"),
        "take_profit": Decimal("1.12000"),
        "commission": Decimal("-0.50"),
        "swap": Decimal("-0.10"),
        "profit": Decimal("3.21"),
        "profit_percentage": Decimal("0.0321"),
        "status": "open",
        "strategy_used": "breakout",
        "opened_at": OPENED_AT,
        "closed_at": None,
        "duration_seconds": None,
        "magic_number": 42,
        "comment": "first",
        "continued_from": "1000",
    }


def test_no_reports_change_nothing(bot):
    assert record(bot) == RecordedTrades()


@pytest.mark.parametrize("report", [opened(), closed()], ids=["open", "closed"])
def test_retry_changes_nothing(bot, report):
    record(bot, report)
    before = Trade.objects.values().get()

    recorded = record_trades(bot=bot, reports=[report], now=NOW + ONE_HOUR)

    assert recorded == UNCHANGED
    assert Trade.objects.values().get() == before


@pytest.mark.parametrize("shift", [-ONE_HOUR, ONE_HOUR, timedelta(days=40)])
@pytest.mark.parametrize("report", [opened(), closed()], ids=["open", "closed"])
def test_retry_with_a_shifted_clock_changes_nothing(bot, report, shift):
    record(bot, report)
    before = stored(bot)
    shifted = replace(
        report,
        opened_at=report.opened_at + shift,
        closed_at=report.closed_at and report.closed_at + shift,
    )

    recorded = record(bot, shifted)

    assert recorded == UNCHANGED
    assert stored(bot) == before
    assert not BotLog.objects.exists()


def test_close_updates_the_open_trade(bot):
    record(bot, opened())

    recorded = record(bot, closed())

    assert recorded == UPDATED
    trade = stored(bot)
    assert trade["status"] == "closed"
    assert trade["closed_at"] == OPENED_AT + ONE_HOUR
    assert trade["duration_seconds"] == 3600
    assert trade["profit"] == Decimal("10.00")


def test_close_before_open_gives_the_closed_trade(bot):
    record(bot, closed())
    expected = stored(bot)

    recorded = record(bot, opened())

    assert recorded == UNCHANGED
    assert stored(bot) == expected
    assert not BotLog.objects.exists()


def test_open_after_close_fills_what_is_missing_only(bot):
    record(bot, closed(comment="", strategy_used=None))

    recorded = record(
        bot,
        opened(
            comment="late",
            strategy_used="breakout",
            magic_number=7,
            continued_from="1000",
            lot_size=Decimal(9),
        ),
    )

    assert recorded == UPDATED
    trade = stored(bot)
    assert trade["status"] == "closed"
    assert trade["lot_size"] == Decimal("0.10")
    filled = ("comment", "strategy_used", "magic_number", "continued_from")
    assert [trade[name] for name in filled] == ["late", "breakout", 7, "1000"]


def test_cancelled_trade_is_never_opened_again(bot):
    record(bot, opened(status=TradeStatus.CANCELLED, closed_at=OPENED_AT))

    recorded = record(bot, opened())

    assert recorded == UNCHANGED
    assert stored(bot)["status"] == "cancelled"


def test_open_trade_follows_the_latest_report(bot):
    record(
        bot,
        opened(
            stop_loss=Decimal("1.09"),
            comment="first",
            profit_percentage=Decimal("0.01"),
            strategy_used="breakout",
            magic_number=7,
        ),
    )
    latest: dict[str, Any] = {
        "lot_size": Decimal("0.05"),
        "stop_loss": Decimal("1.09500"),
        "take_profit": Decimal("1.13000"),
        "commission": Decimal("-0.30"),
        "swap": Decimal("-0.40"),
        "profit": Decimal("-2.00"),
        "comment": "second",
        "profit_percentage": Decimal("-0.0200"),
        "strategy_used": "grid",
        "magic_number": 8,
    }

    recorded = record(bot, opened(**latest))

    assert recorded == UPDATED
    assert {name: stored(bot)[name] for name in latest} == latest


def test_open_trade_keeps_what_a_later_report_does_not_tell(bot):
    told: dict[str, Any] = {
        "profit": Decimal("3.21"),
        "profit_percentage": Decimal("0.0321"),
        "strategy_used": "breakout",
        "magic_number": 42,
        "comment": "first",
        "continued_from": "1000",
    }
    record(bot, opened(**told))

    recorded = record(bot, opened())

    assert recorded == UNCHANGED
    assert {name: stored(bot)[name] for name in told} == told


def test_open_trade_keeps_its_first_symbol_type_price_and_time(bot):
    record(bot, opened())
    before = stored(bot)

    recorded = record(
        bot,
        opened(
            symbol="GBPUSD",
            trade_type=TradeType.SELL,
            open_price=Decimal(2),
            opened_at=OPENED_AT + ONE_HOUR,
        ),
    )

    assert recorded == UNCHANGED
    assert stored(bot) == before


@pytest.mark.parametrize(
    "change",
    [
        {"lot_size": Decimal("0.11")},
        {"close_price": Decimal("1.10101")},
        {"profit": Decimal("10.01")},
        {"commission": Decimal("-0.51")},
        {"swap": Decimal("-0.21")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_closed_trade_keeps_its_figures_and_warns_once_for_ever(bot, change):
    record(bot, closed())
    before = stored(bot)

    for _ in range(3):
        assert record(bot, closed(**change)) == UNCHANGED

    assert stored(bot) == before
    log = BotLog.objects.get()
    assert (log.bot_instance_id, log.log_level, log.category, log.created_at) == (
        bot.pk,
        LogLevel.WARNING,
        LogCategory.TRADE,
        NOW,
    )
    assert "1001" in log.message


def test_report_that_disputes_a_closed_trade_fills_nothing_in(bot):
    record(bot, closed())
    before = stored(bot)

    assert record(bot, closed(profit=Decimal(11), comment="late")) == UNCHANGED

    assert stored(bot) == before


def test_what_a_report_of_an_ended_order_leaves_out_is_no_difference(bot):
    cancelled = opened(status=TradeStatus.CANCELLED, closed_at=OPENED_AT)
    record(bot, replace(cancelled, close_price=Decimal("1.1"), profit=Decimal(0)))

    assert record(bot, cancelled) == UNCHANGED

    assert not BotLog.objects.exists()


def test_disputes_of_one_batch_tell_the_first_that_differs(bot):
    record(bot, closed())

    record(bot, closed(), closed(profit=Decimal(11)), closed(profit=Decimal(12)))

    assert "(profit 11.00, stored 10.00)" in BotLog.objects.get().message


def test_a_dispute_names_each_figure_that_differs(bot):
    record(bot, closed())

    record(bot, closed(lot_size=Decimal("0.20"), swap=Decimal("-1.5")))

    log = BotLog.objects.get()
    before = stored(bot)
    assert log.metadata == {
        "ticket_number": "1001",
        "figures": {
            "lot_size": {"reported": "0.20", "stored": str(before["lot_size"])},
            "swap": {"reported": "-1.50", "stored": str(before["swap"])},
        },
    }
    assert "lot_size 0.20, stored" in log.message
    assert "profit" not in log.message


def test_an_open_that_comes_late_fills_the_stops_in(bot):
    record(bot, closed(stop_loss=None, take_profit=None))
    first = opened(stop_loss=Decimal("1.05"), take_profit=Decimal("1.30"))

    record(bot, first)
    record(bot, opened(stop_loss=Decimal(1), take_profit=Decimal(2)))

    trade = Trade.objects.get()
    assert (trade.stop_loss, trade.take_profit) == (first.stop_loss, first.take_profit)
    assert trade.status == TradeStatus.CLOSED


def test_without_a_license_open_trades_are_followed_and_new_ones_left_out(bot):
    record(bot, opened("1"), closed("2"))

    recorded = record_trades(
        bot=bot,
        reports=[closed("1"), closed("2", comment="late"), closed("3"), opened("4")],
        now=NOW,
        is_licensed=False,
    )

    assert recorded == RecordedTrades(
        updated=1, unchanged=1, unknown=frozenset({"3", "4"})
    )
    statuses = Trade.objects.order_by("ticket_number").values_list("status", "comment")
    assert list(statuses) == [("closed", ""), ("closed", "")]


def test_warning_is_not_repeated_when_its_log_has_been_archived(bot):
    record(bot, closed())
    record(bot, closed(profit=Decimal(11)))
    BotLog.objects.all().delete()

    record(bot, closed(profit=Decimal(12)))

    assert not BotLog.objects.exists()


def test_warnings_are_one_for_each_ticket(bot):
    record(bot, closed("1"), closed("2"), closed("3"))

    record(bot, *(closed(ticket, profit=Decimal(11)) for ticket in "123"))
    record(bot, *(closed(ticket, profit=Decimal(11)) for ticket in "321"))

    assert sorted(log.message.split()[1] for log in BotLog.objects.all()) == list("123")


@pytest.mark.parametrize(
    "change",
    [
        {"closed_at": OPENED_AT + 3 * ONE_HOUR},
        {"stop_loss": Decimal(1)},
        {"symbol": "EURUSD.m"},
        {"comment": "other"},
        {"profit": Decimal("10.001")},  # the column keeps 10.00
    ],
    ids=lambda change: next(iter(change)),
)
def test_closed_trade_reported_with_the_same_figures_warns_nobody(bot, change):
    record(bot, closed(comment="kept"))
    before = stored(bot)

    recorded = record(bot, closed(**{"comment": "kept", **change}))

    assert recorded == UNCHANGED
    assert stored(bot) == before
    assert not BotLog.objects.exists()


def test_ticket_twice_in_a_batch_counts_twice_and_the_later_wins(bot):
    recorded = record(
        bot,
        opened(comment="first"),
        opened("1002"),
        opened(comment="second"),
        closed(comment="third"),
    )

    assert recorded == RecordedTrades(created=2, updated=2)
    trade = Trade.objects.get(ticket_number="1001")
    assert (trade.status, trade.comment) == ("closed", "third")


def test_same_ticket_of_two_bots_is_two_trades(bot, charlie):
    other = BotInstanceFactory.create(owner=charlie)

    assert record(bot, opened()) == CREATED
    assert record(other, opened()) == CREATED

    assert Trade.objects.count() == 2


@pytest.mark.parametrize("shift", [-ONE_HOUR, ONE_HOUR, timedelta(hours=14)])
def test_close_follows_a_broker_clock_that_moved(bot, shift):
    record(bot, opened())
    half_an_hour = timedelta(minutes=30)

    record(
        bot,
        closed(opened_at=OPENED_AT + shift, closed_at=OPENED_AT + shift + half_an_hour),
    )

    trade = stored(bot)
    assert trade["opened_at"] == OPENED_AT
    assert trade["duration_seconds"] == 1800
    told = OPENED_AT + shift + half_an_hour
    assert trade["closed_at"] == (told if shift > timedelta() else told - shift)


def test_trade_may_close_the_moment_it_opens(bot):
    record(bot, closed(closed_at=OPENED_AT))

    assert stored(bot)["duration_seconds"] == 0


def test_trade_that_closes_before_it_opens_is_refused(bot):
    with pytest.raises(IntegrityError, match="trades_closed_after_opened"):
        record(bot, closed(closed_at=OPENED_AT - ONE_HOUR))

    assert not Trade.objects.exists()


@pytest.mark.parametrize(
    "column", ["lot_size", "open_price", "close_price", "profit", "commission", "swap"]
)
def test_not_a_number_is_refused(bot, column):
    no_number: dict[str, Any] = {column: Decimal("NaN")}

    with pytest.raises(IntegrityError, match="trades_figures_are_numbers"):
        record(bot, closed("1001", **no_number))


@pytest.mark.parametrize("amount", ["Infinity", "1e8", "-1e8"])
def test_amount_too_large_is_refused(bot, amount):
    with pytest.raises(DataError):
        record(bot, closed(profit=Decimal(amount)))


@pytest.mark.parametrize(
    "bad",
    [
        closed("3", profit=Decimal("NaN")),
        opened("3", opened_at=datetime(1999, 12, 31, 23, tzinfo=UTC)),
    ],
    ids=["not a number", "before 2000"],
)
def test_batch_is_stored_as_a_whole_or_not_at_all(bot, bad):
    with pytest.raises((IntegrityError, OutsidePartitions)), transaction.atomic():
        record(bot, opened("1"), closed("2"), bad, opened("1", comment="again"))

    assert not Trade.objects.exists()
    assert not TradeTicket.objects.exists()


def test_trades_of_many_months_are_stored_in_one_batch(bot):
    months = [datetime(2011, month, 15, tzinfo=UTC) for month in range(1, 13)]

    recorded = record(
        bot, *(opened(str(at.month), opened_at=at) for at in reversed(months))
    )

    assert recorded == RecordedTrades(created=12)
    assert sorted(Trade.objects.values_list("opened_at", flat=True)) == months


@pytest.mark.parametrize("known", [0, 1, 3])
def test_query_count_is_flat_in_the_number_of_reports(
    bot, known, django_assert_num_queries
):
    create_partitions_for(TRADES, [OPENED_AT], now=NOW)
    record(bot, *(closed(str(ticket)) for ticket in range(known)))
    savepoint, settled, claim, lock, upsert, release = 1, 1, 1, 1, 1, 1

    for number in (1, 3):
        news = [closed(f"{number}{ticket}") for ticket in range(number)]
        with django_assert_num_queries(
            savepoint + settled + claim + lock + upsert + release
        ):
            record(bot, *news)


@pytest.mark.parametrize("number", [1, 3])
def test_reports_that_came_before_ask_one_thing(bot, number, django_assert_num_queries):
    reports = [closed(str(ticket)) for ticket in range(number)]
    record(bot, *reports)
    savepoint, settled, release = 1, 1, 1

    with django_assert_num_queries(savepoint + settled + release):
        recorded = record(bot, *reports)

    assert recorded == RecordedTrades(unchanged=number)


@pytest.mark.parametrize(
    "reports",
    [
        [closed()],
        [opened(), closed()],
        [closed(), closed(comment="filled in")],
        [closed(), opened(stop_loss=Decimal("1.09"))],
        [opened(status=TradeStatus.CANCELLED, closed_at=OPENED_AT + ONE_HOUR)],
    ],
    ids=["new", "closed", "filled in", "late", "cancelled"],
)
def test_what_settled_a_trade_is_not_looked_at_again(bot, reports, count_statements):
    for report in reports:
        record(bot, report)
    last = next(each for each in reversed(reports) if each.status != TradeStatus.OPEN)

    with count_statements() as asked:
        recorded = record(bot, last)

    assert (recorded, len(asked)) == (UNCHANGED, 1)


def test_a_settled_trade_listens_to_every_other_report(bot):
    record(bot, closed())

    recorded = record(bot, closed(comment="filled in"))

    assert (recorded, stored(bot)["comment"]) == (UPDATED, "filled in")


def test_what_was_not_taken_over_without_a_license_is_taken_over_with_one(bot):
    record(bot, closed())
    filled = closed(comment="filled in")
    record_trades(bot=bot, reports=[filled], now=NOW, is_licensed=False)

    recorded = record(bot, filled)

    assert (recorded, stored(bot)["comment"]) == (UPDATED, "filled in")


def test_a_settled_trade_that_was_deleted_comes_back(bot):
    record(bot, closed())
    Trade.objects.all().delete()

    assert record(bot, closed()) == CREATED


def test_a_disputed_report_is_known_by_the_one_that_stands(bot):
    record(bot, closed())
    record(bot, closed(profit=Decimal("11.00")))

    assert record(bot, closed()) == UNCHANGED
    assert stored(bot)["profit"] == Decimal("10.00")
    assert BotLog.objects.count() == 1


def test_a_ticket_twice_in_a_call_is_looked_at_in_the_order_of_the_call(bot):
    record(bot, opened(), closed())

    recorded = record(bot, opened(comment="late"), closed())

    assert recorded == RecordedTrades(updated=1, unchanged=1)
    assert stored(bot)["comment"] == "late"


# --- The database's own rules ---------------------------------------------------------
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "00000000-0000-7000-8000-000000000000"),
        ("ticket_number", "2"),
        ("opened_at", OPENED_AT + ONE_HOUR),
        ("opened_at", OPENED_AT + timedelta(days=60)),
        ("bot_instance_id", None),
    ],
)
def test_key_of_a_trade_is_immutable(bot, column, value):
    record(bot, opened())
    create_partitions_for(TRADES, [OPENED_AT + timedelta(days=60)], now=NOW)
    other = BotInstanceFactory.create(owner=bot.user)

    with (
        pytest.raises(IntegrityError, match="never change"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE trades SET {column} = %s", [value or other.pk])


def test_update_that_leaves_the_key_as_it_is_passes(bot):
    record(bot, opened())
    trade = Trade.objects.get()

    trade.comment = "edited in the admin"
    trade.save()

    assert Trade.objects.get().comment == "edited in the admin"


def test_raw_insert_of_a_known_ticket_is_refused(bot):
    first = TradeFactory.create(bot_instance=bot, ticket_number="1")

    with (
        pytest.raises(IntegrityError, match="ticket 1 of this bot"),
        transaction.atomic(),
    ):
        ClosedTradeFactory.create(
            bot_instance=bot,
            ticket_number="1",
            opened_at=first.opened_at + timedelta(days=60),
        )

    assert Trade.objects.get().pk == first.pk


def test_raw_insert_of_one_ticket_twice_is_refused(bot):
    create_partitions_for(TRADES, [OPENED_AT], now=NOW)
    twice = [
        TradeFactory.build(bot_instance=bot, ticket_number="1", opened_at=opened_at)
        for opened_at in (OPENED_AT, OPENED_AT + ONE_HOUR)
    ]

    with pytest.raises(IntegrityError, match="ticket 1 of this bot"):
        Trade.objects.bulk_create(twice)


def test_raw_insert_is_found_by_a_later_report(bot):
    TradeFactory.create(bot_instance=bot, ticket_number="1001", opened_at=OPENED_AT)

    assert record(bot, closed()) == UPDATED
    assert Trade.objects.get().status == "closed"


# --- Races ----------------------------------------------------------------------------
@pytest.fixture
def committed_bot(transactional_db) -> BotInstance:
    """A bot that other connections see, beside the partition that its trades need."""
    create_partitions_for(TRADES, [OPENED_AT], now=NOW)
    return BotInstanceFactory.create()


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_with_one_ticket_make_one_trade(committed_bot):
    def report(number: int) -> RecordedTrades:
        shift = timedelta(minutes=number % 5)
        return record(committed_bot, opened(opened_at=OPENED_AT + shift))

    recorded = all_at_once([partial(report, number) for number in range(50)])

    assert sum(recorded, RecordedTrades()) == RecordedTrades(created=1, unchanged=49)
    trade, ticket = Trade.objects.get(), TradeTicket.objects.get()
    assert (ticket.trade_id, ticket.opened_at) == (trade.pk, trade.opened_at)


@pytest.mark.django_db(transaction=True)
def test_open_and_close_at_once_give_the_closed_trade(committed_bot):
    reports = [opened(), closed()] * 8

    all_at_once([partial(record, committed_bot, report) for report in reports])

    assert stored(committed_bot)["status"] == "closed"
    assert stored(committed_bot)["profit"] == Decimal("10.00")


@pytest.mark.django_db(transaction=True)
def test_different_closes_at_once_warn_once(committed_bot):
    record(committed_bot, opened())
    reports = [closed(profit=Decimal(number)) for number in range(8)]

    all_at_once([partial(record, committed_bot, report) for report in reports])

    assert Trade.objects.count() == 1
    assert BotLog.objects.count() == 1
