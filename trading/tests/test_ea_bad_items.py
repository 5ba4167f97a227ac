"""What is wrong with one item, over HTTP: it is refused, the good ones are stored."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bots.tests.ea_client import Ea, license_key_of
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory
from trading.tests.fingerprints import stored
from trading.tests.payloads import DAY, GOOD, OPENED, literal

pytestmark = pytest.mark.django_db

INVALID, RANGE = "VALIDATION_ERROR", "OUT_OF_RANGE"
TIME, BEFORE = "TIME_OUT_OF_RANGE", "CLOSED_BEFORE_OPENED"
CLOSE = {
    **GOOD,
    "closed_at": f"{DAY:%Y.%m.%d} 11:00",
    "close_price": "1.2",
    "profit": "5",
}
TICK = {
    "ticket_number": "1",
    "current_price": "1.1",
    "unrealized_profit": "0",
    "recorded_at": OPENED,
}


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


# --- One item -------------------------------------------------------------------------
ITEMS = {
    "no ticket": ("ticket_number", "null", INVALID),
    "an empty ticket": ("ticket_number", '" "', INVALID),
    "a ticket of 51 characters": ("ticket_number", f'"{"a" * 51}"', INVALID),
    "a ticket in Cyrillic": ("ticket_number", '"тикет"', INVALID),
    "a ticket with a tab": ("ticket_number", r'"a\tb"', INVALID),
    "a ticket that is a fraction": ("ticket_number", "1.5", INVALID),
    "a ticket that is true": ("ticket_number", "true", INVALID),
    "a ticket that is a list": ("ticket_number", "[1]", INVALID),
    "no symbol": ("symbol", '""', INVALID),
    "a symbol of 21 characters": ("symbol", f'"{"x" * 21}"', INVALID),
    "a symbol of markup alone": ("symbol", '"<b></b>"', INVALID),
    "a symbol with a NUL": ("symbol", r'"EUR\u0000USD"', INVALID),
    "a symbol with half a character": ("symbol", r'"EUR\ud83d"', INVALID),
    "a symbol that is NaN": ("symbol", "NaN", INVALID),
    "a symbol that is an object": ("symbol", "{}", INVALID),
    "no type": ("trade_type", "null", INVALID),
    "an unknown type": ("trade_type", '"HOLD"', INVALID),
    "a pending type that is open": ("trade_type", "2", INVALID),
    "a pending type by name": ("trade_type", '"OP_SELLSTOP"', INVALID),
    "a type that is true": ("trade_type", "true", INVALID),
    "no lots": ("lot_size", "null", INVALID),
    "lots that round to nothing": ("lot_size", "0.0049", RANGE),
    "lots below nothing": ("lot_size", "-0.1", RANGE),
    "lots that are NaN": ("lot_size", "NaN", INVALID),
    "lots without end": ("lot_size", "Infinity", RANGE),
    "lots of 1e400": ("lot_size", "1e400", RANGE),
    "lots of a huge exponent": ("lot_size", "1e999999999", RANGE),
    "lots of an exponent beyond all": ("lot_size", "1e" + "9" * 30, RANGE),
    "lots of an exponent below all": ("lot_size", "1e-" + "9" * 30, RANGE),
    "lots beyond the column": ("lot_size", "100000000", RANGE),
    "lots that round beyond the column": ("lot_size", "99999999.995", RANGE),
    "lots with a decimal comma": ("lot_size", '"0,10"', INVALID),
    "lots with an underscore": ("lot_size", '"1_0"', INVALID),
    "lots in full-width digits": ("lot_size", '"\uff11"', INVALID),
    "lots as MQL4 prints no number": ("lot_size", '"-nan(ind)"', INVALID),
    "lots as C prints no number": ("lot_size", '"-1.#IND"', INVALID),
    "lots as C prints infinity": ("lot_size", '"1.#INF"', RANGE),
    "lots as MQL4 prints no number, bare": ("lot_size", "-nan(ind)", INVALID),
    "lots as MQL4 prints infinity, bare": ("lot_size", "inf", RANGE),
    "lots that are true": ("lot_size", "true", INVALID),
    "lots that are a list": ("lot_size", "[0.1]", INVALID),
    "a price beyond the column": ("open_price", "1e10", RANGE),
    "a price in words": ("open_price", '"market"', INVALID),
    "a price of 25 digits": ("open_price", f'"{"9" * 25}"', RANGE),
    "a stop without end": ("stop_loss", "-Infinity", RANGE),
    "a percentage beyond the column": ("profit_percentage", "1e6", RANGE),
    "a magic number beyond 64 bits": ("magic_number", "9223372036854775808", RANGE),
    "a broken magic number": ("magic_number", "1.5", INVALID),
    "no opening": ("opened_at", "null", INVALID),
    "an opening of nothing": ("opened_at", '""', INVALID),
    "an opening of 0": ("opened_at", "0", TIME),
    "an opening in 1970": ("opened_at", '"1970.01.01 00:00"', TIME),
    "an opening in 1999": ("opened_at", '"1999.12.31 23:59:59"', TIME),
    "an opening in milliseconds": ("opened_at", "1772452800000", TIME),
    "an opening before time": ("opened_at", "-1", TIME),
    "an opening beyond the calendar": ("opened_at", '"9999-12-31T23:59-12:00"', TIME),
    "an opening in three days": (
        *("opened_at", f'"{clock.now() + timedelta(days=3):%Y.%m.%d %H:%M}"', TIME),
    ),
    "an opening on no day": ("opened_at", '"2026.02.30 10:00"', INVALID),
    "an opening in words": ("opened_at", '"yesterday"', INVALID),
    "an opening that is true": ("opened_at", "true", INVALID),
    "an opening that is an object": ("opened_at", "{}", INVALID),
    "an opening that is NaN": ("opened_at", "NaN", INVALID),
    "a close before the opening": (*("closed_at", f'"{DAY:%Y.%m.%d} 09:59"', BEFORE),),
    "a close in words": ("closed_at", '"now"', INVALID),
    "a close in milliseconds": ("closed_at", "1772452800000", TIME),
    "an unknown status": ("status", '"pending"', INVALID),
    "a comment of 256 characters": ("comment", f'"{"c" * 256}"', INVALID),
    "a comment that is a number": ("comment", "1.5", INVALID),
    "a comment with half a character": ("comment", r'"\udc00"', INVALID),
    "a comment of endless markup": ("comment", f'"&{"amp;" * 40}lt;b"', INVALID),
    "a strategy of 51 characters": ("strategy_used", f'"{"s" * 51}"', INVALID),
}


def written(name: str) -> bytes:
    field, value, _ = ITEMS[name]
    return literal(field, value)


@pytest.mark.parametrize("name", ITEMS)
def test_a_bad_item_alone_is_refused(ea, name):
    field, _, code = ITEMS[name]
    before = stored()

    reply = ea.send("trades", written(name))

    assert (ea.status, reply["code"]) == (400, "ALL_REJECTED")
    assert (reply["rejected_count"], reply["first_rejected_code"]) == (1, code)
    assert reply["first_rejected_field"] == field
    assert stored() == before


@pytest.mark.parametrize("name", ITEMS)
def test_good_items_beside_a_bad_one_are_stored(ea, name):
    field, _, code = ITEMS[name]
    others = [json.dumps({**GOOD, "ticket_number": ticket}) for ticket in ("7", "8")]
    content = b"[" + b",".join([others[0].encode(), written(name), others[1].encode()])

    reply = ea.send("trades", content + b"]\0")

    assert (ea.status, reply["code"], reply["created"]) == (200, "OK", 2)
    assert [
        (item["index"], item["code"], item["field"]) for item in reply["rejected"]
    ] == [(1, code, field)]
    tickets = Trade.objects.values_list("ticket_number", flat=True)
    assert sorted(tickets) == ["7", "8"]


@pytest.mark.parametrize("missing", ["closed_at", "close_price", "profit"])
def test_a_closed_trade_that_misses_something_is_refused(ea, missing):
    before = stored()
    told = {**CLOSE, "status": "closed", missing: ""}

    reply = ea.call("trades", told)

    assert (ea.status, reply["first_rejected_field"]) == (400, missing)
    assert reply["first_rejected_code"] == INVALID
    assert stored() == before


@pytest.mark.parametrize("item", [None, 7, "1", True, [], [GOOD]])
def test_an_item_that_is_no_object_is_refused(ea, item):
    reply = ea.call("trades", trades=[item, GOOD])

    assert (ea.status, reply["created"], reply["rejected_count"]) == (200, 1, 1)
    assert reply["first_rejected_code"] == INVALID


# --- Ticks ----------------------------------------------------------------------------
TICKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no price": ({"current_price": None}, INVALID, "current_price"),
    "a price with a comma": ({"current_price": "1,1"}, INVALID, "current_price"),
    "a price beyond": ({"current_price": "1e400"}, RANGE, "current_price"),
    "no figure": ({"unrealized_profit": "nan"}, INVALID, "unrealized_profit"),
    "a figure beyond": ({"unrealized_profit": "inf"}, RANGE, "unrealized_profit"),
    "no moment": ({"recorded_at": ""}, INVALID, "recorded_at"),
    "a moment of 0": ({"recorded_at": 0}, TIME, "recorded_at"),
    "no ticket": ({"ticket_number": ""}, INVALID, "ticket_number"),
    "an unknown ticket": ({"ticket_number": "2"}, "UNKNOWN_TICKET", ""),
}


@pytest.mark.parametrize("name", TICKS)
def test_a_bad_tick_is_refused_and_the_good_one_stored(ea, name):
    change, code, field = TICKS[name]
    ea.call("trades", GOOD)
    before = stored()

    alone = ea.call("ticks", [{**TICK, **change}])
    status, unchanged = ea.status, stored() == before
    mixed = ea.call("ticks", [{**TICK, **change}, TICK])

    assert (status, alone["code"], unchanged) == (400, "ALL_REJECTED", True)
    assert (alone["first_rejected_code"], alone["first_rejected_field"]) == (
        code,
        field,
    )
    assert (mixed["created"], mixed["rejected_count"]) == (1, 1)
    assert TradeHistory.objects.count() == 1
