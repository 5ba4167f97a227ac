from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bots.models import BotInstance, BotLog
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory

pytestmark = pytest.mark.django_db

# The doors read the real clock, and ticks older than a year are refused.
DAY = clock.now() - timedelta(days=21)
OPENED = f"{DAY:%Y.%m.%d} 10:00:00"
OPEN = {
    "ticket_number": 4711,
    "symbol": "EURUSD",
    "trade_type": 0,
    "lot_size": "0.10",
    "open_price": 1.1,
    "opened_at": OPENED,
}
CLOSE = {
    **OPEN,
    "close_price": 1.105,
    "closed_at": f"{DAY:%Y.%m.%d} 11:30:00",
    "profit": 50,
    "commission": -0.7,
}


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice), utc_offset_minutes=120)
    return ea


def test_a_single_trade_is_recorded_in_utc(ea):
    reply = ea.call("trades", OPEN)

    trade = Trade.objects.get()
    assert (ea.status, reply["code"], reply["created"]) == (200, "OK", 1)
    assert (trade.trade_type, trade.status) == ("BUY", "open")
    assert trade.opened_at == datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=UTC)


def test_a_trade_as_a_form_is_recorded(ea):
    body = "&".join(f"{name}={value}" for name, value in CLOSE.items())

    reply = ea.send("trades/", body.encode() + b"\0")

    assert reply["created"] == 1
    assert Trade.objects.get().net_profit == Decimal("49.30")


def test_a_bare_list_is_the_calls_list(ea):
    reply = ea.call("trades", [OPEN, {**OPEN, "ticket_number": "0004712"}])

    tickets = Trade.objects.values_list("ticket_number", flat=True)
    assert reply["accepted"] == 2
    assert sorted(tickets) == ["4711", "4712"]


def test_a_retry_is_unchanged_and_a_close_updates(ea):
    codes = [
        {name: ea.call("trades", trades=[report])[name] for name in ("created",)}
        | {"status": ea.status}
        for report in (OPEN, OPEN, CLOSE, CLOSE, OPEN)
    ]

    trade = Trade.objects.get()
    assert [reply["created"] for reply in codes] == [1, 0, 0, 0, 0]
    assert {reply["status"] for reply in codes} == {200}
    assert (trade.status, trade.profit) == ("closed", Decimal("50.00"))
    assert trade.duration_seconds == 5400


def test_what_is_not_told_keeps_its_value_and_zero_removes_a_stop(ea):
    ea.call("trades", {**OPEN, "stop_loss": 1.09, "take_profit": 1.2, "swap": -1})

    ea.call("trades", {**OPEN, "stop_loss": 0})

    trade = Trade.objects.get()
    assert (trade.stop_loss, trade.take_profit) == (None, Decimal("1.20000"))
    assert trade.swap == Decimal("-1.00")


def test_a_close_that_leaves_costs_out_keeps_them_and_disputes_nothing(ea):
    ea.call("trades", {**OPEN, "commission": -0.7})

    for _ in range(2):
        ea.call("trades", {name: CLOSE[name] for name in CLOSE if name != "commission"})

    assert Trade.objects.get().commission == Decimal("-0.70")
    assert not BotLog.objects.exists()


def test_a_close_without_a_time_is_an_open_order(ea):
    report = {**OPEN, "closed_at": "1970.01.01 00:00", "close_price": 1.101}

    ea.call("trades", report)

    trade = Trade.objects.get()
    assert (trade.status, trade.close_price) == ("open", None)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"symbol": ""}, "VALIDATION_ERROR", "symbol"),
        ({"symbol": "x" * 21}, "VALIDATION_ERROR", "symbol"),
        ({"symbol": float("nan")}, "VALIDATION_ERROR", "symbol"),
        ({"symbol": "\0"}, "VALIDATION_ERROR", "symbol"),
        ({"symbol": "\ud800"}, "VALIDATION_ERROR", "symbol"),
        ({"trade_type": 2}, "VALIDATION_ERROR", "trade_type"),
        ({"lot_size": "0.004"}, "OUT_OF_RANGE", "lot_size"),
        ({"lot_size": "1,5"}, "VALIDATION_ERROR", "lot_size"),
        ({"open_price": "NaN"}, "VALIDATION_ERROR", "open_price"),
        ({"profit": "1e9"}, "OUT_OF_RANGE", "profit"),
        ({"opened_at": "1999.12.31 00:00"}, "TIME_OUT_OF_RANGE", "opened_at"),
        ({"opened_at": "yesterday"}, "VALIDATION_ERROR", "opened_at"),
        ({"closed_at": f"{DAY:%Y.%m.%d} 09:59"}, "CLOSED_BEFORE_OPENED", "closed_at"),
        ({"profit": ""}, "VALIDATION_ERROR", "profit"),
        ({"ticket_number": "a\tb"}, "VALIDATION_ERROR", "ticket_number"),
    ],
)
def test_a_bad_item_is_refused_and_the_others_are_kept(ea, change, code, field):
    good = {**OPEN, "ticket_number": 1}

    reply = ea.call("trades", trades=[good, {**CLOSE, **change}])

    assert (ea.status, reply["accepted"], reply["rejected_count"]) == (200, 1, 1)
    assert reply["first_rejected_index"] == 1
    assert (reply["first_rejected_code"], reply["first_rejected_field"]) == (
        code,
        field,
    )
    assert [trade.ticket_number for trade in Trade.objects.all()] == ["1"]


def test_a_call_without_a_good_item_is_refused(ea):
    reply = ea.call("trades", trades=[{}, "x"])

    assert (ea.status, reply["code"]) == (400, "ALL_REJECTED")
    assert [item["index"] for item in reply["rejected"]] == [0, 1]


@pytest.mark.parametrize("body", [{"trades": []}, [], {"nonce": 7}])
def test_a_call_without_items_is_fine(ea, body):
    reply = ea.call("trades", body)

    assert (ea.status, reply["accepted"]) == (200, 0)


def test_a_lone_item_without_its_ticket_is_refused(ea):
    reply = ea.call("trades", {**OPEN, "ticket_number": ""})

    assert (ea.status, reply["first_rejected_field"]) == (400, "ticket_number")


def test_a_position_that_is_told_open_has_no_close(ea):
    ea.call("trades", {**CLOSE, "status": "open"})

    trade = Trade.objects.get()
    assert (trade.status, trade.closed_at, trade.close_price) == ("open", None, None)


def test_more_than_500_items_are_too_large(ea):
    reply = ea.call("trades", trades=[OPEN] * 501)

    assert (ea.status, reply["code"]) == (413, "TOO_LARGE")
    assert not Trade.objects.exists()


def test_a_cancelled_pending_order_is_kept(ea):
    report = {**OPEN, "trade_type": "OP_SELLLIMIT", "status": "cancelled"}

    ea.call("trades", report)

    trade = Trade.objects.get()
    assert (trade.trade_type, trade.status) == ("SELL", "cancelled")


def test_a_lapsed_license_never_loses_the_record_of_a_position(ea):
    ea.call("trades", OPEN)
    License.objects.update(expires_at=clock.now() - timedelta(days=90))

    reply = ea.call("trades", trades=[CLOSE, {**OPEN, "ticket_number": 5}])

    assert (ea.status, reply["code"]) == (403, "LICENSE_EXPIRED")
    assert (reply["updated"], reply["rejected_count"]) == (1, 1)
    assert reply["first_rejected_code"] == "LICENSE_EXPIRED"
    assert Trade.objects.get().status == "closed"


def test_trades_of_another_bot_are_another_bots(ea, charlie):
    other = Ea()
    other.activate(license_key_of(charlie))
    ea.call("trades", OPEN)

    reply = other.call("trades", CLOSE)

    assert reply["created"] == 1
    assert Trade.objects.filter(status="open").count() == 1


# --- Ticks ----------------------------------------------------------------------------
def tick(ticket=4711, at=f"{DAY:%Y.%m.%d} 10:05:00", price=1.101):
    return {
        "ticket_number": ticket,
        "current_price": price,
        "unrealized_profit": "1.50",
        "recorded_at": at,
    }


def test_ticks_are_stored_once(ea):
    ea.call("trades", OPEN)

    first = ea.call("ticks", ticks=[tick(), tick(at=f"{DAY:%Y.%m.%d} 10:06:00")])
    again = ea.call("ticks", [tick(), tick()])

    assert (first["created"], first["unchanged"]) == (2, 0)
    assert (again["created"], again["unchanged"]) == (0, 2)
    assert TradeHistory.objects.count() == 2


def test_ticks_are_refused_one_by_one(ea):
    ea.call("trades", CLOSE)
    long_ago = (clock.now() - timedelta(days=400)).strftime("%Y.%m.%d %H:%M")

    reply = ea.call(
        "ticks",
        ticks=[
            tick(),
            tick(ticket=1),
            tick(at=f"{DAY + timedelta(days=3):%Y.%m.%d} 10:00"),
            tick(at=long_ago),
            tick(price="dear"),
        ],
    )

    codes = [item["code"] for item in reply["rejected"]]
    assert (ea.status, reply["created"]) == (200, 1)
    assert codes == [
        "UNKNOWN_TICKET",
        "TICK_OUT_OF_RANGE",
        "TOO_OLD",
        "VALIDATION_ERROR",
    ]
    assert [item["index"] for item in reply["rejected"]] == [1, 2, 3, 4]
    assert reply["rejected"][0]["ticket_number"] == "1"


def test_a_token_that_was_revoked_stores_nothing(ea):
    BotInstance.objects.update(token_version=9)

    reply = ea.call("trades", OPEN)

    assert (ea.status, reply["code"]) == (401, "TOKEN_INVALID")
    assert not Trade.objects.exists()


@pytest.mark.parametrize("count", [1, 100])
def test_a_batch_takes_as_many_queries_as_one_trade(
    ea, count, django_assert_num_queries
):
    reports = [{**OPEN, "ticket_number": ticket} for ticket in range(1, count + 1)]
    ea.call("trades", {**OPEN, "ticket_number": 999})

    # authentication, savepoint, claim, lock, upsert, release
    with django_assert_num_queries(6):
        ea.call("trades", trades=reports)
