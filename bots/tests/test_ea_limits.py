"""How often EAs may call, and what is answered first when several things are wrong."""

import io

import pytest
from django.urls import get_resolver, reverse
from redis import Redis

from bots import throttles
from bots.models import BotInstance
from bots.tests.ea_client import Ea, license_key_of
from licensing.keys import canonical_key, generate_key
from smarttrader.lib.client_address import networks
from smarttrader.lib.ea.body import read_body
from smarttrader.lib.ea.refusals import EaRefusal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=5)


@pytest.fixture
def ea(key):
    ea = Ea()
    ea.activate(key)
    return ea


def codes(call, times):
    return [call()["code"] for _ in range(times)]


def unknown_keys(ea, times):
    return codes(lambda: ea.activate(generate_key()), times)


# --- Limits ---------------------------------------------------------------------------
def test_a_bot_that_calls_too_often_is_told_when_to_go_on(ea, settings):
    settings.EA_CALLS_PER_BOT = {"heartbeat": 2}

    answers = codes(lambda: ea.call("heartbeat"), 3)
    reply = ea.call("heartbeat", nonce="n1")

    assert answers == ["ALIVE", "ALIVE", "RATE_LIMITED"]
    assert (ea.status, reply["nonce"], reply["status"]) == (429, "n1", 429)
    assert ea.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(ea.headers["Retry-After"]) <= 61
    assert ea.headers["X-RateLimit-Limit"] == "2"
    assert ea.headers["X-RateLimit-Remaining"] == "0"
    reset = int(ea.headers["X-RateLimit-Reset"])
    assert reset == reply["server_time"] + int(ea.headers["Retry-After"])


def test_a_refusal_is_told_as_plain_text_too(ea, settings):
    settings.EA_CALLS_PER_BOT = {"heartbeat": 0}

    ea.send("heartbeat", b"{}", Accept="text/plain")

    assert ea.status == 429
    assert ea.text.splitlines()[0] == "code=RATE_LIMITED"


def test_good_replies_tell_the_narrowest_limit(ea, settings):
    settings.EA_CALLS_PER_BOT = {"heartbeat": 7}

    ea.call("heartbeat")
    of_the_bot = ea.headers["X-RateLimit-Limit"], ea.headers["X-RateLimit-Remaining"]
    settings.EA_CALLS_PER_IP = 5
    ea.call("heartbeat")
    of_the_address = ea.headers["X-RateLimit-Limit"]

    assert (of_the_bot, of_the_address) == (("7", "6"), "5")


def test_every_call_and_every_bot_has_a_count_of_its_own(ea, key, settings):
    settings.EA_CALLS_PER_BOT = {"heartbeat": 1, "trades": 1, "ticks": 1}
    other = Ea()
    other.activate(key, mt4_account="900101")

    answers = [ea.call(name)["code"] for name in ("heartbeat", "trades", "ticks/")]
    again = [ea.call(name)["code"] for name in ("heartbeat/", "trades", "ticks")]

    assert answers == ["ALIVE", "OK", "OK"]
    assert again == ["RATE_LIMITED"] * 3
    assert other.call("heartbeat")["code"] == "ALIVE"


def test_deactivation_has_no_limit_but_that_of_all_calls(ea, settings):
    settings.EA_CALLS_PER_BOT = dict.fromkeys(settings.EA_CALLS_PER_BOT, 0)

    assert ea.call("deactivate")["code"] == "DEACTIVATED"


def test_every_call_of_the_protocol_has_a_limit(settings):
    names = [name for name in get_resolver().reverse_dict if str(name)[:3] == "ea_"]
    calls = {reverse(name).rstrip("/").rpartition("/")[2] for name in names}

    limited = {*settings.EA_CALLS_PER_BOT, *settings.EA_KEY_CALLS_PER_KEY}

    assert calls - limited == {"deactivate"}


def test_all_calls_of_an_address_count_together(ea, settings):
    settings.EA_CALLS_PER_IP = 5
    stranger = Ea()

    answers = [
        ea.call("heartbeat")["code"],
        stranger.call("heartbeat")["code"],
        stranger.call("none")["code"],
        stranger.send("heartbeat", b"{")["code"],
        ea.call("heartbeat")["code"],
        ea.call("heartbeat")["code"],
        ea.call("deactivate")["code"],
    ]

    assert answers == [
        "ALIVE",
        "TOKEN_INVALID",
        "NOT_FOUND",
        "MALFORMED_BODY",
        "ALIVE",
        "RATE_LIMITED",
        "RATE_LIMITED",
    ]


def test_addresses_are_counted_apart_and_ipv6_by_its_network(settings):
    settings.EA_CALLS_PER_IP = 1
    settings.TRUSTED_PROXIES = networks(["127.0.0.1"])

    def status(address):
        ea = Ea()
        ea.send("activate", b"{}", **{"X-Forwarded-For": address})
        return ea.status

    assert status("203.0.113.5") == 400
    assert status("203.0.113.5") == 429
    assert status("203.0.113.6") == 400
    assert status("2001:db8::1") == 400
    assert status("2001:db8::2") == 429
    assert status("2001:db8:0:1::1") == 400


# --- The order of refusals ------------------------------------------------------------
def test_of_several_refusals_the_protocol_names_the_first(ea, settings):
    settings.EA_CALLS_PER_BOT = {"heartbeat": 0}
    stranger = Ea()
    bad_nonce = b'{"nonce":[]}'

    def code(caller, content, name="heartbeat"):
        return caller.send(name, content)["code"]

    assert code(stranger, b"{", "none") == "NOT_FOUND"
    assert code(stranger, b"{") == "MALFORMED_BODY"
    assert code(stranger, bad_nonce) == "TOKEN_INVALID"
    assert code(ea, bad_nonce) == "RATE_LIMITED"
    settings.EA_CALLS_PER_BOT = {}
    assert code(ea, bad_nonce) == "VALIDATION_ERROR"


def test_a_bad_token_is_told_before_the_limit(ea, settings):
    settings.EA_CALLS_PER_IP = 0

    good = ea.call("heartbeat")["code"]
    ea.token = "bad"

    assert (good, ea.call("heartbeat")["code"]) == ("RATE_LIMITED", "TOKEN_INVALID")


@pytest.mark.parametrize("path", ["heartbeat", "activate/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW"])
def test_another_method_is_refused_flat(client, method, path):
    response = client.generic(method, f"/api/v1/ea/{path}")

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response["Content-Type"] == "application/problem+json"
    if method != "HEAD":
        assert response.json()["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", ["", "/", "//activate", "/none", "/activate/now"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_refused_flat_and_never_redirected(client, method, path):
    response = client.generic(method, f"/api/v1/ea{path}")

    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


# --- License keys ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"license_key": ""},
        {"license_key": None},
        {"license_key": 7},
        {"license_key": True},
        {"license_key": ["SST"]},
        {"license_key": {"a": 1}},
        {"license_key": "SST-00000-00000-00000-00000-01"},
        {"license_key": "\0"},
        {"license_key": "S" * 101},
    ],
)
def test_what_is_no_key_costs_no_query_and_leaves_no_mark(
    wrong, settings, django_assert_num_queries
):
    settings.EA_UNKNOWN_KEYS_PER_IP = 1
    ea = Ea()

    with django_assert_num_queries(0):
        replies = [ea.call("activate", {"mt4_account": [], **wrong}) for _ in range(3)]

    assert [(reply["code"], reply["field"]) for reply in replies] == [
        ("KEY_MALFORMED", "license_key")
    ] * 3
    assert ea.status == 400


def test_a_key_is_counted_in_whichever_spelling(key, settings):
    settings.EA_KEY_CALLS_PER_KEY = {"activate": 2}
    ea = Ea()

    answers = [
        ea.activate(spelling)["code"]
        for spelling in (key, canonical_key(key), key.lower())
    ]

    assert answers == ["ACTIVATED", "ALREADY_ACTIVATED", "RATE_LIMITED"]


def test_activations_are_counted_by_address_too(key, settings):
    settings.EA_KEY_CALLS_PER_IP = {"activate": 2}
    ea = Ea()

    answers = [ea.activate("bad")["code"], *codes(lambda: ea.activate(key), 2)]

    assert answers == ["KEY_MALFORMED", "ACTIVATED", "RATE_LIMITED"]


def test_no_key_lies_in_redis(key, settings):
    Ea().activate(key)

    client = Redis.from_url(settings.CACHES["default"]["LOCATION"])
    seen = [*client.scan_iter(match=f"{settings.CACHES['default']['KEY_PREFIX']}*")]
    client.close()

    assert len(seen) == 3  # of the address, of its activations, of the key
    assert not any(canonical_key(key).encode() in name for name in seen)


# --- Lock-out -------------------------------------------------------------------------
def test_the_eleventh_attempt_with_an_unknown_key_is_locked_out(key):
    ea = Ea()

    answers = unknown_keys(ea, 11)
    known = ea.activate(key)["code"]

    assert answers == ["LICENSE_NOT_FOUND"] * 10 + ["LOCKED_OUT"]
    assert (known, ea.status) == ("LOCKED_OUT", 429)
    assert 1 <= int(ea.headers["Retry-After"]) <= 60
    assert ea.headers["X-RateLimit-Remaining"] == "0"
    assert BotInstance.objects.count() == 0


def test_a_locked_out_address_is_told_so_before_its_key_is_looked_at(
    settings, django_assert_num_queries
):
    settings.EA_UNKNOWN_KEYS_PER_IP = 1
    ea = Ea()
    unknown_keys(ea, 1)

    with django_assert_num_queries(0):
        answers = [ea.activate("bad")["code"], ea.activate(generate_key())["code"]]

    assert answers == ["LOCKED_OUT"] * 2


def test_tokens_and_other_addresses_are_not_locked_out(ea, key, settings):
    settings.EA_UNKNOWN_KEYS_PER_IP = 1
    unknown_keys(Ea(), 1)
    elsewhere = Ea()
    elsewhere.client.defaults["REMOTE_ADDR"] = "203.0.113.5"

    assert ea.call("heartbeat")["code"] == "ALIVE"
    assert elsewhere.activate(key)["code"] == "ALREADY_ACTIVATED"


def test_a_lock_out_cannot_be_set_so_high_that_a_success_deletes_a_million_names(
    settings,
):
    settings.EA_UNKNOWN_KEYS_PER_IP = 1_000_000

    assert throttles.unknown_keys_lock_out().attempts == 100


def test_a_success_clears_the_marks(key, settings):
    settings.EA_UNKNOWN_KEYS_PER_IP = 2
    ea = Ea()

    first = unknown_keys(ea, 1)
    success = ea.activate(key)["code"]
    then = unknown_keys(ea, 3)

    assert (first, success) == (["LICENSE_NOT_FOUND"], "ACTIVATED")
    assert then == ["LICENSE_NOT_FOUND", "LICENSE_NOT_FOUND", "LOCKED_OUT"]


# --- The nonce ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        (b'"a b"', "a b"),
        (b'" a "', " a "),
        (b'"' + b"n" * 128 + b'"', "n" * 128),
        (b"0", "0"),
        (b"1.50", "1.50"),
        (b"true", "true"),
        ('"é漢"'.encode(), "é漢"),
    ],
)
def test_a_nonce_is_echoed_to_the_letter(ea, sent, echoed):
    reply = ea.send("heartbeat", b'{"nonce":' + sent + b"}")

    assert (reply["code"], reply["nonce"]) == ("ALIVE", echoed)


@pytest.mark.parametrize("sent", [b'""', b"null"])
def test_an_empty_nonce_is_none(ea, sent):
    reply = ea.send("heartbeat", b'{"nonce":' + sent + b"}")

    assert reply["code"] == "ALIVE"
    assert "nonce" not in reply


@pytest.mark.parametrize(
    "sent", [b'"' + b"n" * 129 + b'"', b"[1]", b"{}", rb'"\u0000"', rb'"\ud800"']
)
def test_a_bad_nonce_is_refused_by_name(ea, sent):
    reply = ea.send("heartbeat", b'{"nonce":' + sent + b"}")

    assert (ea.status, reply["code"]) == (400, "VALIDATION_ERROR")
    assert reply["field"] == "nonce"
    assert "nonce" not in reply


# --- Bodies that do not come ----------------------------------------------------------
class Gone:
    def read(self, *_):
        raise OSError("the client went away")


@pytest.mark.parametrize("stream", [Gone(), io.BytesIO(b"balance=1")])
def test_a_body_that_does_not_come_whole_is_no_failure_of_ours(rf, stream):
    request = rf.generic("POST", "/", b"balance=12")
    request._stream = stream  # noqa: SLF001 -- the test client's own never breaks off

    with pytest.raises(EaRefusal) as refused:
        read_body(request)

    assert (refused.value.status, refused.value.code) == (400, "MALFORMED_BODY")


def test_a_get_may_carry_a_token_in_its_body_or_nothing_at_all(rf):
    with_token = rf.generic("GET", "/", b'{"token":"abc"}')

    assert read_body(with_token) == {"token": "abc"}
    assert read_body(rf.generic("GET", "/")) == {}
