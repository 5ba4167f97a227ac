from datetime import timedelta
from decimal import Decimal

import pytest

from bots.models import OFFLINE_AFTER, BotInstance, BotState
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def test_a_heartbeat_is_noted_with_its_figures(ea):
    reply = ea.call("heartbeat", balance="10 250.555", equity=10100, open_trades=3)

    bot = BotInstance.objects.get()
    assert (ea.status, reply["code"], reply["command"]) == (200, "ALIVE", "none")
    assert (bot.balance, bot.equity) == (Decimal("10250.56"), Decimal("10100.00"))
    assert (bot.open_trades, bot.status) == (3, "running")
    assert bot.state(clock.now()) == BotState.ONLINE


def test_a_heartbeat_keeps_what_it_does_not_tell(ea):
    ea.call("heartbeat", balance=500)

    ea.call("heartbeat", status="paused")

    bot = BotInstance.objects.get()
    assert (bot.balance, bot.status) == (Decimal("500.00"), "paused")


def test_the_first_beat_after_silence_is_a_resurrection_once(ea):
    ea.call("heartbeat")
    long_ago = clock.now() - OFFLINE_AFTER - timedelta(seconds=1)
    BotInstance.objects.update(last_heartbeat=long_ago)
    was = BotInstance.objects.get().state(clock.now())

    codes = [ea.call("heartbeat")["code"] for _ in range(2)]

    assert was == BotState.OFFLINE
    assert codes == ["RESURRECTED", "ALIVE"]


def test_a_beat_under_a_lapsed_license_is_refused_and_noted(ea):
    LicenseHoldFactory.create(license=License.objects.get())

    reply = ea.call("heartbeat", equity=42)

    assert (ea.status, reply["code"]) == (403, "LICENSE_SUSPENDED")
    assert (reply["open_new"], reply["manage_open"]) == (False, True)
    assert BotInstance.objects.get().equity == Decimal("42.00")


def test_a_disabled_owner_may_only_manage(ea, alice):
    alice.is_active = False
    alice.save()

    assert ea.call("heartbeat")["code"] == "ACCOUNT_DISABLED"


@pytest.mark.parametrize(
    "revoke",
    [
        {"token_version": 2},
        {"released_at": clock.now()},
    ],
)
def test_a_token_ends_at_once(ea, revoke):
    BotInstance.objects.update(**revoke)

    reply = ea.call("heartbeat")

    assert (ea.status, reply["code"]) == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("token", ["", "nonsense", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_is_none_of_ours_is_refused(ea, token):
    ea.token = token

    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"


def test_the_token_may_stand_in_the_body_and_the_headers_wins(ea):
    token, ea.token = ea.token, ""

    from_body = ea.call("heartbeat", token=token)
    ea.token = token
    from_header = ea.call("heartbeat", token="wrong")

    assert (from_body["code"], from_header["code"]) == ("ALIVE", "ALIVE")


def test_a_form_with_a_trailing_nul_is_read(ea):
    reply = ea.send("heartbeat/", b"balance=1 234.50&status=RUNNING&nonce=a1\0")

    assert (reply["code"], reply["nonce"]) == ("ALIVE", "a1")
    assert BotInstance.objects.get().balance == Decimal("1234.50")


def test_json_with_the_wrong_content_type_is_read(ea):
    reply = ea.send("heartbeat", b'{"equity": 12.5}\0', "text/html")

    assert reply["code"] == "ALIVE"


def test_plain_text_is_answered_to_whom_it_pleases(ea):
    ea.send("heartbeat", b"{}", "application/json", Accept="text/plain")

    assert ea.headers["Content-Type"].startswith("text/plain")
    lines = dict(line.split("=", 1) for line in ea.text.splitlines())
    assert (lines["code"], lines["open_new"]) == ("ALIVE", "true")


@pytest.mark.parametrize(
    "body",
    [
        b'{"balance": 1',
        b'{"balance": 1, "balance": 2}',
        b"[" * 9 + b"]" * 9,
        b'{"balance": 123456789012345678901}',
        b"balance=1&balance=2",
        b"[]",
    ],
)
def test_a_malformed_body_is_refused_whole(ea, body):
    reply = ea.send("heartbeat", body)

    assert (ea.status, reply["code"]) == (400, "MALFORMED_BODY")
    assert BotInstance.objects.get().last_heartbeat is None


@pytest.mark.parametrize("balance", ["NaN", "1e400", "Infinity", '"1,5"', '"x"', "{}"])
def test_a_figure_that_is_none_is_refused_by_name(ea, balance):
    reply = ea.send("heartbeat", f'{{"balance": {balance}}}'.encode())

    assert (ea.status, reply["code"]) == (400, "VALIDATION_ERROR")
    assert reply["field"] == "balance"


def test_a_body_over_a_megabyte_is_too_large(ea):
    reply = ea.send("heartbeat", b" " * (1024 * 1024 + 1))

    assert (ea.status, reply["code"]) == (413, "TOO_LARGE")


def test_a_compressed_body_is_not_understood(ea):
    headers = {"Content-Encoding": "gzip"}

    reply = ea.send("heartbeat", b"{}", "application/json", **headers)

    assert (ea.status, reply["code"]) == (415, "UNSUPPORTED_ENCODING")


def test_another_method_is_told_the_right_one(ea):
    response = ea.client.get("/api/v1/ea/heartbeat")

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response.json()["code"] == "METHOD_NOT_ALLOWED"


def test_an_unknown_call_is_answered_flat(ea):
    reply = ea.call("nonsense")

    assert (ea.status, reply["code"]) == (404, "NOT_FOUND")


def test_a_heartbeat_takes_few_queries(ea, django_assert_num_queries):
    # authentication, the update
    with django_assert_num_queries(2):
        ea.call("heartbeat")
