from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.threads import all_at_once, second_waits_for_first
from smarttrader.jobs.partitions import TRADE_HISTORY, create_partitions_for
from smarttrader.lib.ids import derived_uuid7, uuid7
from trading.models import Trade, TradeHistory
from trading.tests.factories import (
    ClosedTradeFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = pytest.mark.django_db

ONE_DAY, ONE_SECOND = timedelta(days=1), timedelta(seconds=1)
OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
CLOSED_AT = OPENED_AT + timedelta(hours=1)


def open_trade(**fields: Any) -> Trade:
    return TradeFactory.create(opened_at=OPENED_AT, **fields)


def closed_trade() -> Trade:
    return ClosedTradeFactory.create(opened_at=OPENED_AT)


def ticks_of_no_trade() -> int:
    return TradeHistory.objects.exclude(trade_id__in=Trade.objects.values("pk")).count()


@pytest.mark.parametrize("make_trade", [open_trade, closed_trade])
def test_tick_of_a_trade_is_stored(make_trade):
    tick = TradeHistoryFactory.create(trade=make_trade(), recorded_at=CLOSED_AT)

    assert TradeHistory.objects.get() == tick


def test_tick_of_an_unknown_trade_is_refused():
    unsaved = TradeFactory.build(opened_at=OPENED_AT, bot_instance__id=uuid7())

    with pytest.raises(IntegrityError, match="trade that does not exist"):
        TradeHistoryFactory.create(trade=unsaved)


def test_tick_with_another_opening_time_than_its_trade_is_refused():
    trade = open_trade()

    with pytest.raises(IntegrityError, match="trade that does not exist"):
        TradeHistoryFactory.create(trade=trade, trade_opened_at=OPENED_AT + ONE_SECOND)


def test_ticks_are_refused_together_when_one_trade_is_unknown():
    trade = open_trade()
    create_partitions_for(TRADE_HISTORY, [CLOSED_AT], now=CLOSED_AT)
    good, bad = TradeHistoryFactory.build_batch(2, trade=trade, recorded_at=CLOSED_AT)
    bad.trade_id = uuid7()

    with pytest.raises(IntegrityError), transaction.atomic():
        TradeHistory.objects.bulk_create([good, bad])

    assert not TradeHistory.objects.exists()


@pytest.mark.parametrize(
    ("make_trade", "recorded_at"),
    [
        (open_trade, OPENED_AT - ONE_DAY),
        (open_trade, OPENED_AT + 300 * ONE_DAY),
        (closed_trade, OPENED_AT - ONE_DAY),
        (closed_trade, CLOSED_AT + ONE_DAY),
    ],
)
def test_tick_within_a_day_of_the_trades_life_is_stored(make_trade, recorded_at):
    TradeHistoryFactory.create(trade=make_trade(), recorded_at=recorded_at)

    assert TradeHistory.objects.get().recorded_at == recorded_at


@pytest.mark.parametrize(
    ("make_trade", "recorded_at"),
    [
        (open_trade, OPENED_AT - ONE_DAY - ONE_SECOND),
        (closed_trade, OPENED_AT - ONE_DAY - ONE_SECOND),
        (closed_trade, CLOSED_AT + ONE_DAY + ONE_SECOND),
    ],
)
def test_tick_outside_the_trades_life_is_refused(make_trade, recorded_at):
    trade = make_trade()

    with pytest.raises(IntegrityError, match="within a day"):
        TradeHistoryFactory.create(trade=trade, recorded_at=recorded_at)


def test_tick_may_not_move_out_of_its_trades_life():
    tick = TradeHistoryFactory.create(trade=closed_trade(), recorded_at=CLOSED_AT)
    tick.recorded_at = CLOSED_AT + 2 * ONE_DAY
    create_partitions_for(TRADE_HISTORY, [tick.recorded_at], now=CLOSED_AT)

    with pytest.raises(IntegrityError, match="within a day"):
        tick.save()


def test_tick_may_not_move_to_an_unknown_trade():
    tick = TradeHistoryFactory.create(trade=closed_trade(), recorded_at=CLOSED_AT)

    with pytest.raises(IntegrityError, match="trade that does not exist"):
        TradeHistory.objects.filter(pk=tick.pk).update(trade_id=uuid7())


def test_tick_reported_twice_is_stored_once():
    trade = open_trade()
    create_partitions_for(TRADE_HISTORY, [CLOSED_AT], now=CLOSED_AT)
    ticks = TradeHistoryFactory.build_batch(
        2,
        id=derived_uuid7(CLOSED_AT, trade.pk.bytes, CLOSED_AT.isoformat()),
        trade=trade,
        recorded_at=CLOSED_AT,
    )

    for tick in ticks:
        TradeHistory.objects.bulk_create([tick], ignore_conflicts=True)

    assert TradeHistory.objects.count() == 1


@pytest.mark.parametrize("column", ["current_price", "unrealized_profit"])
def test_tick_that_is_not_a_number_is_refused(column):
    tick = TradeHistoryFactory.create(trade=open_trade(), recorded_at=CLOSED_AT)

    with (
        pytest.raises(IntegrityError, match="figures_are_numbers"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE trade_history SET {column} = 'NaN'")

    assert tick.current_price


@pytest.mark.parametrize("late", [ONE_DAY + ONE_SECOND, 40 * ONE_DAY])
def test_close_takes_the_ticks_that_came_more_than_a_day_later(late):
    trade, other = open_trade(), open_trade()
    for each in (trade, other):
        for moment in (CLOSED_AT, CLOSED_AT + ONE_DAY, CLOSED_AT + late):
            TradeHistoryFactory.create(trade=each, recorded_at=moment)

    close(trade)

    kept = TradeHistory.objects.filter(trade=trade).order_by("recorded_at")
    assert [tick.recorded_at for tick in kept] == [CLOSED_AT, CLOSED_AT + ONE_DAY]
    assert TradeHistory.objects.filter(trade=other).count() == 3


# --- Races ----------------------------------------------------------------------------
def close(trade: Trade) -> None:
    Trade.objects.filter(pk=trade.pk).update(
        status="closed", close_price=1, profit=0, closed_at=CLOSED_AT
    )


def delete(trade: Trade) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trades WHERE id = %s", [trade.pk])


def add_tick(trade: Trade, recorded_at: datetime) -> None:
    TradeHistoryFactory.create(trade=trade, recorded_at=recorded_at)


def refusal_of(write: Callable[[], None]) -> str:
    try:
        write()
    except IntegrityError as error:
        return str(error).splitlines()[0]
    return ""


@pytest.fixture
def committed_trade(transactional_db) -> Trade:
    moments = [CLOSED_AT, CLOSED_AT + 9 * ONE_DAY]
    create_partitions_for(TRADE_HISTORY, moments, now=CLOSED_AT)
    return open_trade()


@pytest.mark.django_db(transaction=True)
def test_deletion_of_a_trade_waits_for_a_tick_and_takes_it(committed_trade):
    second_waits_for_first(
        first=partial(add_tick, committed_trade, CLOSED_AT),
        second=partial(delete, committed_trade),
    )

    assert not Trade.objects.exists()
    assert not TradeHistory.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tick_waits_for_the_deletion_of_its_trade_and_is_refused(committed_trade):
    refusal = second_waits_for_first(
        first=partial(delete, committed_trade),
        second=partial(refusal_of, partial(add_tick, committed_trade, CLOSED_AT)),
    )

    assert refusal == "trade_history refers to a trade that does not exist"
    assert not TradeHistory.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_late_close_waits_for_a_tick_and_takes_it(committed_trade):
    second_waits_for_first(
        first=partial(add_tick, committed_trade, CLOSED_AT + 9 * ONE_DAY),
        second=partial(close, committed_trade),
    )

    assert not TradeHistory.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_tick_waits_for_a_late_close_and_is_refused(committed_trade):
    tick = partial(add_tick, committed_trade, CLOSED_AT + 9 * ONE_DAY)

    refusal = second_waits_for_first(
        first=partial(close, committed_trade), second=partial(refusal_of, tick)
    )

    assert refusal == "a tick lies within a day of the time its trade was open"
    assert not TradeHistory.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ticks_and_deletions_at_once_leave_no_orphan(committed_trade):
    trades = [committed_trade, *TradeFactory.create_batch(5, opened_at=OPENED_AT)]
    calls: list[Callable[[], object]] = []
    for trade in trades:
        tick = partial(add_tick, trade, CLOSED_AT)
        calls += [partial(refusal_of, tick), partial(refusal_of, tick)]
        calls.append(partial(delete, trade))

    all_at_once(calls)

    assert not Trade.objects.exists()
    assert ticks_of_no_trade() == 0
