"""What no EA should send, over HTTP: never a 5xx, and nothing stored by a refusal."""

import json
from typing import Any

import pytest

from bots.tests.ea_client import ACTIVATION, Ea, license_key_of
from trading.tests.fingerprints import stored
from trading.tests.payloads import GOOD, literal

pytestmark = pytest.mark.django_db

INVALID = "VALIDATION_ERROR"
MALFORMED = (400, "MALFORMED_BODY")


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def listed(*items: dict[str, Any]) -> bytes:
    return json.dumps({"trades": items}).encode()


# --- The body as a whole --------------------------------------------------------------
BODIES = {
    "a NUL inside": (listed(GOOD)[:-9] + b"\0" + listed(GOOD)[-9:], MALFORMED),
    "a NUL before": (b"\0" + listed(GOOD), MALFORMED),
    "a NUL inside a form": (b"ticket_number=1\0&symbol=EURUSD", MALFORMED),
    "UTF-16": (listed(GOOD).decode().encode("utf-16"), MALFORMED),
    "cut off": (listed(GOOD)[:-3], MALFORMED),
    "cut off inside a text": (listed(GOOD)[:40], MALFORMED),
    "one bracket too many": (listed(GOOD) + b"}", MALFORMED),
    "two bodies": (listed(GOOD) * 2, MALFORMED),
    "a comma too many": (listed(GOOD)[:-2] + b",]}", MALFORMED),
    "single quotes": (listed(GOOD).replace(b'"', b"'"), MALFORMED),
    "names without quotes": (b"{trades:[]}", MALFORMED),
    "a comment in JSON": (b"{/* */}", MALFORMED),
    "a line feed inside a text": (literal("comment", '"a\nb"'), MALFORMED),
    "a broken escape": (literal("comment", r'"\x41"'), MALFORMED),
    "half an escape": (literal("comment", r'"\u12"'), MALFORMED),
    "a text alone": (b'"trades"', MALFORMED),
    "a number alone": (b"42", MALFORMED),
    "null alone": (b"null", MALFORMED),
    "a word alone": (b"trades", MALFORMED),
    "XML": (b"<trades><trade/></trades>", MALFORMED),
    "nine levels": (literal("comment", "[" * 8 + "]" * 8), MALFORMED),
    "ten thousand levels": (b"[" * 10_000 + b"]" * 10_000, MALFORMED),
    "many levels without an end": (b'{"a":' * 100_000, MALFORMED),
    "an integer of 21 digits": (literal("magic_number", "1" * 21), MALFORMED),
    "an integer of 5000 digits": (literal("magic_number", "9" * 5000), MALFORMED),
    "a number with zeros before": (literal("lot_size", "01"), MALFORMED),
    "a number that begins with a point": (literal("lot_size", ".1"), MALFORMED),
    "a number with a plus": (literal("lot_size", "+1"), MALFORMED),
    "a hexadecimal number": (literal("lot_size", "0x10"), MALFORMED),
    "a decimal comma in JSON": (literal("lot_size", "0,10"), MALFORMED),
    "a name twice": (literal("symbol", '"A", "symbol": "B"'), MALFORMED),
    "a name twice further down": (b'{"trades":[{"a":{"b":1,"b":2}}]}', MALFORMED),
    "a form's name twice": (b"ticket_number=1&ticket_number=2", MALFORMED),
    "a form's name twice, once quoted": (b"symbol=A&%73ymbol=B", MALFORMED),
    "a form's name without a value": (b"ticket_number=1&symbol", MALFORMED),
    "quotes and backslashes without an end": (b'{"\\' * 200_000, MALFORMED),
    "bytes of no code page": (b'{"a":"\xff\xfe\x81', MALFORMED),
    "501 items": (listed(*[GOOD] * 501), (413, "TOO_LARGE")),
    "501 items in a bare list": (json.dumps([GOOD] * 501).encode(), (413, "TOO_LARGE")),
    "a hundred thousand items": (b"[" + b"{}," * 99_999 + b"{}]", (413, "TOO_LARGE")),
    "one byte over a mebibyte": (b" " * (2**20 + 1), (413, "TOO_LARGE")),
    "a list that is a text": (b'{"trades":"all"}', (400, INVALID)),
    "a list that is an object": (b'{"trades":{"0":{}}}', (400, INVALID)),
    "a list that is a number": (b'{"trades":1e400}', (400, INVALID)),
}
EVERYWHERE = {
    name: case
    for name, case in BODIES.items()
    if case[1] == MALFORMED or "mebibyte" in name
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_body_is_refused_whole(ea, name):
    content, refusal = BODIES[name]
    before = stored()

    reply = ea.send("trades", content, "application/json")

    assert (ea.status, reply["code"]) == refusal
    assert (reply["status"], reply["type"]) == (refusal[0], "about:blank")
    assert stored() == before


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_malformed_body_is_the_same_to_every_call(ea, name):
    content, refusal = EVERYWHERE[name]
    before = stored()

    for call in ("heartbeat", "ticks", "activate", "deactivate"):
        reply = ea.send(call, content)

        assert (call, ea.status, reply["code"]) == (call, *refusal)
    assert stored() == before


@pytest.mark.parametrize("call", ["heartbeat", "activate", "deactivate"])
def test_a_list_is_malformed_where_no_list_is_expected(ea, call):
    before = stored()

    reply = ea.send(call, b"[{}]")

    assert (ea.status, reply["code"]) == MALFORMED
    assert stored() == before


@pytest.mark.parametrize("length", ["", "-5", "²", "1e3", "0x10", "five"])
def test_a_length_that_is_none_is_refused(ea, length):
    before = stored()

    response = ea.client.generic(
        "POST", "/api/v1/ea/trades", listed(GOOD), "", CONTENT_LENGTH=length
    )

    assert (response.status_code, response.json()["code"]) == (411, "LENGTH_REQUIRED")
    assert stored() == before


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_refused(ea, encoding):
    before = stored()

    reply = ea.send("trades", listed(GOOD), "", **{"Content-Encoding": encoding})

    assert (ea.status, reply["code"]) == (415, "UNSUPPORTED_ENCODING")
    assert stored() == before


def test_refusals_come_in_the_protocols_order(ea):
    ea.token = "wrong"

    malformed = ea.send("trades", b"{")
    unknown = ea.send("trades", b'{"trades":"all"}')

    assert (malformed["code"], unknown["code"]) == ("MALFORMED_BODY", "TOKEN_INVALID")


def test_what_is_stored_shows(ea):
    before = stored()

    ea.call("trades", GOOD)

    changed = [table for table, was in before.items() if stored()[table] != was]
    assert sorted(changed) == ["trade_tickets", "trades"]


# --- Calls without items --------------------------------------------------------------
HEARTBEATS = {
    "a balance that is NaN": ("balance", b"NaN"),
    "a balance without end": ("balance", b"-Infinity"),
    "a balance of a huge exponent": ("balance", b"1e999999999"),
    "a balance beyond the column": ("balance", b"1e13"),
    "an equity with a comma": ("equity", b'"1,5"'),
    "an equity that is a list": ("equity", b"[]"),
    "half a trade": ("open_trades", b"0.5"),
    "fewer trades than none": ("open_trades", b"-1"),
    "an unknown status": ("status", b'"asleep"'),
    "a status that is an object": ("status", b"{}"),
    "an offset beyond the earth": ("utc_offset_minutes", b"900"),
    "a message of 256 characters": ("message", b'"' + b"m" * 256 + b'"'),
    "a message with a NUL": ("message", rb'"\u0000"'),
}


@pytest.mark.parametrize("name", HEARTBEATS)
def test_a_heartbeat_with_a_bad_field_is_refused(ea, name):
    field, value = HEARTBEATS[name]
    before = stored()

    reply = ea.send("heartbeat", b'{"%s":%s}' % (field.encode(), value))

    assert (ea.status, reply["code"], reply["field"]) == (400, INVALID, field)
    assert stored() == before


ACTIVATIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no key": ({"license_key": None}, "KEY_MALFORMED", "license_key"),
    "a key with a NUL": ({"license_key": "SST\0"}, "KEY_MALFORMED", "license_key"),
    "a key that is a list": ({"license_key": []}, "KEY_MALFORMED", "license_key"),
    "a key of a mile": ({"license_key": "S" * 5000}, "KEY_MALFORMED", "license_key"),
    "no account": ({"mt4_account": ""}, INVALID, "mt4_account"),
    "an account of 51 digits": ({"mt4_account": "1" * 51}, INVALID, "mt4_account"),
    "no broker": ({"broker_name": " "}, INVALID, "broker_name"),
    "no computer": ({"hardware_id": None}, INVALID, "hardware_id"),
    "a computer of markup": ({"hardware_id": "<i></i>"}, INVALID, "hardware_id"),
    "a server that is true": ({"broker_server": True}, INVALID, "broker_server"),
    "neither live nor demo": ({"is_live": "perhaps"}, INVALID, "is_live"),
    "an offset in half minutes": (
        *({"utc_offset_minutes": 1.5}, INVALID, "utc_offset_minutes"),
    ),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_with_a_bad_field_is_refused(alice, name):
    change, code, field = ACTIVATIONS[name]
    key = license_key_of(alice)
    before = stored()
    ea = Ea()

    reply = ea.call("activate", {"license_key": key, **ACTIVATION, **change})

    assert (ea.status, reply["code"], reply.get("field", "")) == (400, code, field)
    assert stored() == before
