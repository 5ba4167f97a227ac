from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bots.models import BotInstance, BotLog
from bots.tests.ea_client import Ea, license_key_of
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory
from trading.tests.sync_payloads import (
    CLOSE,
    DAY,
    LISTS,
    LOG,
    OPEN,
    TICK,
    accepted,
    stored,
)

pytestmark = pytest.mark.django_db

CHANGING = {"request_id", "server_time"}


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def test_sync_takes_all_at_once(ea):
    reply = ea.call(
        "sync", balance="1000", trades=[OPEN], ticks=[TICK], logs=[LOG], nonce="n1"
    )

    assert ea.status == 200
    assert {name: reply[name] for name in reply if name not in CHANGING} == {
        "code": "ALIVE",
        "message": "Noted.",
        "nonce": "n1",
        "command": "none",
        "settings_version": 1,
        "open_new": True,
        "manage_open": True,
        "license_status": "active",
        "heartbeat_seconds": 60,
        "trades_accepted": 1,
        "ticks_accepted": 1,
        "logs_accepted": 1,
        "rejected_count": 0,
        "rejected": [],
    }
    assert list(reply)[-1] == "rejected"
    assert BotInstance.objects.get().balance == Decimal("1000.00")
    assert stored() == [1, 1, 1]


def test_sync_twice_is_stored_once(ea):
    call = {"trades": [OPEN], "ticks": [TICK], "logs": [LOG]}

    replies = [ea.call("sync", call) for _ in range(2)]

    assert [accepted(reply) for reply in replies] == [[1, 1, 1]] * 2
    assert stored() == [1, 1, 1]


@pytest.mark.parametrize("body", [{}, dict.fromkeys(LISTS), {"trades": []}])
def test_sync_of_nothing_is_a_heartbeat(ea, body):
    BotInstance.objects.update(last_heartbeat=None)

    reply = ea.call("sync", body)

    assert (ea.status, reply["code"], accepted(reply)) == (200, "ALIVE", [0, 0, 0])
    assert BotInstance.objects.get().last_heartbeat is not None


def test_sync_as_a_form_is_a_heartbeat(ea):
    reply = ea.send("sync/", b"status=paused&balance=7&trades=\0")

    bot = BotInstance.objects.get()
    assert (ea.status, reply["code"]) == (200, "ALIVE")
    assert (bot.status, bot.balance) == ("paused", Decimal("7.00"))


def test_sync_of_a_bot_that_was_offline_resurrects_it_once(ea):
    BotInstance.objects.update(last_heartbeat=clock.now() - timedelta(hours=1))

    codes = [ea.call("sync", trades=[OPEN])["code"] for _ in range(2)]

    assert codes == ["RESURRECTED", "ALIVE"]


def test_offset_that_a_sync_tells_holds_for_its_own_times(ea):
    reply = ea.call(
        "sync", utc_offset_minutes=180, trades=[OPEN], ticks=[TICK], logs=[LOG]
    )

    seven = datetime(DAY.year, DAY.month, DAY.day, 7, tzinfo=UTC)
    assert accepted(reply) == [1, 1, 1]
    assert Trade.objects.get().opened_at == seven
    assert TradeHistory.objects.get().recorded_at == seven + timedelta(minutes=5)
    assert BotLog.objects.get().created_at == seven
    assert BotInstance.objects.get().utc_offset_minutes == 180


def test_offset_that_was_told_before_holds_for_a_sync(ea):
    ea.call("heartbeat", utc_offset_minutes=-60)

    ea.call("sync", trades=[OPEN])

    assert Trade.objects.get().opened_at == datetime(
        DAY.year, DAY.month, DAY.day, 11, tzinfo=UTC
    )


def test_bad_items_are_told_by_list_and_index_and_the_others_are_kept(ea):
    reply = ea.call(
        "sync",
        trades=[{**OPEN, "symbol": ""}, OPEN],
        ticks=[TICK, {**TICK, "ticket_number": 5}, {**TICK, "current_price": ""}],
        logs=[{**LOG, "category": "MONEY"}, LOG],
    )

    told = ("list", "index", "ticket_number", "code", "field")
    assert (ea.status, accepted(reply), reply["rejected_count"]) == (200, [1, 1, 1], 4)
    assert [tuple(item[name] for name in told) for item in reply["rejected"]] == [
        ("trades", 0, "4711", "VALIDATION_ERROR", "symbol"),
        ("ticks", 1, "5", "UNKNOWN_TICKET", ""),
        ("ticks", 2, "4711", "VALIDATION_ERROR", "current_price"),
        ("logs", 0, "", "VALIDATION_ERROR", "category"),
    ]
    assert stored() == [1, 1, 1]


def test_sync_without_a_good_item_is_a_heartbeat_all_the_same(ea):
    BotInstance.objects.update(last_heartbeat=None)

    reply = ea.call("sync", trades=[{}], ticks=["x"], logs=[1])

    assert (ea.status, reply["code"], accepted(reply)) == (200, "ALIVE", [0, 0, 0])
    assert reply["rejected_count"] == 3
    assert BotInstance.objects.get().last_heartbeat is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "dancing"}, "status"),
        ({"balance": "1,5"}, "balance"),
        ({"open_trades": -1}, "open_trades"),
        ({"message": "x" * 256}, "message"),
        ({"utc_offset_minutes": 841}, "utc_offset_minutes"),
        ({"ticks": {}}, "ticks"),
        ({"logs": "x"}, "logs"),
        ({"trades": 1}, "trades"),
    ],
)
def test_bad_field_of_the_call_refuses_it_and_nothing_is_stored(ea, change, field):
    BotInstance.objects.update(last_heartbeat=None)
    good = {"trades": [OPEN], "ticks": [TICK], "logs": [LOG]}

    reply = ea.call("sync", {**good, **change})

    assert (ea.status, reply["code"], reply["field"]) == (
        400,
        "VALIDATION_ERROR",
        field,
    )
    assert stored() == [0, 0, 0]
    assert BotInstance.objects.get().last_heartbeat is None


@pytest.mark.parametrize("name", LISTS)
def test_more_than_500_items_in_a_list_are_too_large_before_all_else(ea, name):
    ea.token = ""

    reply = ea.call("sync", {"balance": "x", name: [{}] * 501})

    assert (ea.status, reply["code"]) == (413, "TOO_LARGE")


def test_500_items_in_each_list_are_taken(ea):
    reply = ea.call(
        "sync",
        trades=[{**OPEN, "ticket_number": ticket} for ticket in range(1, 501)],
        ticks=[{**TICK, "ticket_number": ticket} for ticket in range(1, 501)],
        logs=[{**LOG, "client_seq": seq} for seq in range(500)],
    )

    assert (ea.status, accepted(reply)) == (200, [500, 500, 500])
    assert stored() == [500, 500, 500]


def test_a_bare_list_is_no_sync(ea):
    reply = ea.call("sync", [OPEN])

    assert (ea.status, reply["code"]) == (400, "MALFORMED_BODY")


def test_a_token_that_was_revoked_stores_nothing(ea):
    BotInstance.objects.update(token_version=9)

    reply = ea.call("sync", trades=[OPEN])

    assert (ea.status, reply["code"]) == (401, "TOKEN_INVALID")
    assert stored() == [0, 0, 0]


def test_sync_of_another_bot_leaves_the_same_ticket_alone(ea, charlie):
    other = Ea()
    other.activate(license_key_of(charlie))
    ea.call("sync", trades=[OPEN])

    reply = other.call("sync", trades=[CLOSE], ticks=[{**TICK, "ticket_number": 1}])

    assert accepted(reply) == [1, 0, 0]
    trades = Trade.objects.order_by("status")
    assert [trade.status for trade in trades] == ["closed", "open"]


def test_ticks_come_after_the_trades_of_the_same_sync(ea):
    late = {**TICK, "recorded_at": f"{DAY + timedelta(days=3):%Y.%m.%d} 10:00"}

    reply = ea.call("sync", trades=[CLOSE], ticks=[TICK, late])

    assert accepted(reply) == [1, 1, 0]
    assert reply["rejected"][0]["code"] == "TICK_OUT_OF_RANGE"


def test_sync_makes_the_partitions_that_it_lacks_in_all_tables(ea):
    ticket = {**OPEN, "opened_at": "2003.05.05 10:00"}
    ticked, logged = (clock.now() - timedelta(days=days) for days in (300, 88))
    tick = {**TICK, "recorded_at": f"{ticked:%Y.%m.%d %H:%M}"}
    log = {**LOG, "created_at": f"{logged:%Y.%m.%d %H:%M}"}

    reply = ea.call("sync", trades=[ticket], ticks=[tick], logs=[log])

    assert (ea.status, accepted(reply)) == (200, [1, 1, 1])
    assert stored() == [1, 1, 1]


# --- Statements and durability --------------------------------------------------------
def sync_of(size: int, *, seq: int = 0, **change: Any) -> dict[str, Any]:
    return {
        "balance": 1,
        "trades": [
            {**OPEN, "ticket_number": ticket, **change} for ticket in range(1, size + 1)
        ],
        "ticks": [
            {**TICK, "ticket_number": ticket, **change} for ticket in range(1, size + 1)
        ],
        "logs": [{**LOG, "client_seq": seq + number} for number in range(size)],
    }


@pytest.mark.parametrize("size", [1, 3, 100])
def test_sync_asks_the_same_of_the_database_for_any_number_of_items(
    ea, count_statements, size
):
    ea.call("sync", sync_of(2))

    with count_statements() as asked:
        ea.call("sync", sync_of(size, seq=500))

    # authentication, heartbeat; claim, lock and upsert of trades; trades of the ticks,
    # ticks; logs
    assert len(asked) == 8


@pytest.mark.parametrize("size", [1, 3, 100])
def test_sync_at_its_worst_asks_thirteen_things(ea, count_statements, size):
    close: dict[str, Any] = {
        "close_price": 1.105,
        "closed_at": f"{DAY:%Y.%m.%d} 11:30:00",
        "profit": 50,
    }
    ea.call("sync", sync_of(size, **close))
    worst = sync_of(size, seq=500, **{**close, "profit": 51})
    for log in worst["logs"]:
        del log["created_at"]

    with count_statements() as asked:
        ea.call("sync", worst)

    # also: which trades are settled; disputes, their warnings; the lock and the look-up
    # of lines without a time
    assert len(asked) == 13


@pytest.mark.parametrize(("call", "statements"), [("trades", 4), ("ticks", 4)])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_batch_asks_the_same_of_the_database_as_one_item(
    ea, count_statements, call, statements, size
):
    ea.call("sync", trades=sync_of(100)["trades"], ticks=[TICK | {"ticket_number": 1}])

    with count_statements() as asked:
        ea.call(call, {call: sync_of(size, symbol="EURUSD")[call]})

    assert len(asked) == statements


@pytest.mark.parametrize(
    ("call", "is_waiting_for_the_disk"),
    [("trades", True), ("ticks", False), ("logs", True), ("sync", True)],
)
def test_only_ticks_do_not_wait_for_the_disk(ea, call, is_waiting_for_the_disk):
    ea.call("trades", OPEN)
    body = {"trades": [CLOSE], "ticks": [TICK], "logs": [LOG]}
    with CaptureQueriesContext(connection) as captured:
        ea.call(call, {call: body[call]} if call in body else body)

    settings = [query["sql"] for query in captured if "SET LOCAL" in query["sql"]]
    assert (settings == []) is is_waiting_for_the_disk
