"""Every code of the protocol's table, over HTTP, on each call on which it can appear.

UNAVAILABLE needs a database that is away: smarttrader/tests/test_faults.py.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import UserFactory
from bots.tests.ea_client import ACTIVATION, license_key_of
from licensing.keys import generate_key
from licensing.models import License, LicenseType
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db

OPENED_AT = f"{clock.now() - timedelta(days=2):%Y.%m.%d %H:%M}"
TRADE = {
    "ticket_number": 4711,
    "symbol": "EURUSD",
    "trade_type": 0,
    "lot_size": "0.10",
    "open_price": 1.1,
    "opened_at": OPENED_AT,
}
GOOD: dict[str, dict[str, Any]] = {
    "activate": ACTIVATION,
    "validate": {},
    "heartbeat": {"status": "running"},
    "settings": {},
    "trades": {"trades": [TRADE]},
    "ticks": {"ticks": []},
    "logs": {"logs": [{"log_level": "INFO", "category": "SYSTEM", "message": "Hi"}]},
    "sync": {"trades": [TRADE]},
    "deactivate": {},
}
BY_KEY = ("activate", "validate")
BY_TOKEN = ("heartbeat", "settings", "trades", "ticks", "logs", "sync")
ALL = (*BY_KEY, *BY_TOKEN, "deactivate")
LISTS = ("trades", "ticks", "logs")


class Caller:
    """An EA that is active, and what it says next."""

    def __init__(self, owner: User, plan: LicenseType = LicenseType.PRO) -> None:
        self.key = license_key_of(owner, plan, max_accounts=1)
        self.token = ""
        self.changes: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.content: bytes | None = None
        self.method = ""

    def activate(self) -> None:
        _, reply = self.say("activate")
        self.token = reply["token"]

    def say(self, call: str, slash: str = "") -> tuple[Any, dict[str, Any]]:
        body = {"license_key": self.key} if call in BY_KEY else {}
        body |= GOOD.get(call, {}) | self.changes
        content = json.dumps(body).encode() if self.content is None else self.content
        response = Client().generic(
            self.method or ("GET" if call == "settings" else "POST"),
            f"/api/v1/ea/{call}{slash}",
            content,
            "application/json",
            headers={"Authorization": f"Bearer {self.token}", **self.headers},
        )
        return response, json.loads(response.content)


@pytest.fixture
def caller(alice):
    caller = Caller(alice)
    caller.activate()
    return caller


# --- What provokes a code -------------------------------------------------------------
Provocation = Callable[[Caller, str], None]


def says(**changes: Any) -> Provocation:
    return lambda caller, _call: caller.changes.update(changes)


def sends(content: bytes = b"{}", **headers: str) -> Provocation:
    def provoke(caller: Caller, _call: str) -> None:
        caller.content = content
        caller.headers = {
            name.replace("_", "-"): text for name, text in headers.items()
        }

    return provoke


def is_another(caller: Caller, _call: str) -> None:
    caller.key = generate_key()


def has_no_key(caller: Caller, _call: str) -> None:
    caller.changes["license_key"] = ""


def lost_its_token(caller: Caller, _call: str) -> None:
    caller.token = caller.token[:-1]


def is_revoked(_caller: Caller, _call: str) -> None:
    License.objects.update(status="revoked")


def is_suspended(_caller: Caller, _call: str) -> None:
    LicenseHoldFactory.create(license=License.objects.get())


def has_expired(_caller: Caller, _call: str) -> None:
    License.objects.update(expires_at=clock.now() - timedelta(days=7, seconds=1))


def is_disabled(_caller: Caller, _call: str) -> None:
    User.objects.update(is_active=False)


def has_no_good_item(caller: Caller, call: str) -> None:
    caller.changes[call] = [{}, 7]


def is_a_trial_on_a_live_account(caller: Caller, _call: str) -> None:
    License.objects.update(license_type="TRIAL", trial_days=14)
    caller.changes["is_live"] = True


def uses_a_trial_again(caller: Caller, _call: str) -> None:
    first = Caller(UserFactory.create(), LicenseType.TRIAL)
    first.activate()
    second = Caller(UserFactory.create(), LicenseType.TRIAL)
    caller.key = second.key
    caller.changes |= ACTIVATION


def is_not_active(caller: Caller, _call: str) -> None:
    License.objects.update(max_accounts=2)
    caller.changes["mt4_account"] = "7"


def says_another_method(caller: Caller, call: str) -> None:
    caller.method = "POST" if call == "settings" else "GET"


def is_limited(settings: Any) -> Provocation:
    def provoke(_caller: Caller, _call: str) -> None:
        settings.EA_CALLS_PER_IP = 0

    return provoke


def is_locked_out(settings: Any) -> Provocation:
    def provoke(caller: Caller, call: str) -> None:
        settings.EA_UNKNOWN_KEYS_PER_IP = 1
        good, caller.key = caller.key, generate_key()
        caller.say(call)
        caller.key = good

    return provoke


def statuses(calls: tuple[str, ...], status: int) -> dict[str, int]:
    return dict.fromkeys(calls, status)


ON_KEY_AND_TOKEN = {"activate": 403, "validate": 200, **statuses(BY_TOKEN, 403)}
TABLE: list[tuple[str, Provocation, dict[str, int]]] = [
    ("KEY_MALFORMED", has_no_key, statuses(BY_KEY, 400)),
    ("KEY_MALFORMED", says(license_key="SST-1"), statuses(BY_KEY, 400)),
    ("MALFORMED_BODY", sends(b'{"a":'), statuses(ALL, 400)),
    ("VALIDATION_ERROR", says(nonce=["n"]), statuses(ALL, 400)),
    ("ALL_REJECTED", has_no_good_item, statuses(LISTS, 400)),
    ("TOKEN_INVALID", lost_its_token, statuses((*BY_TOKEN, "deactivate"), 401)),
    ("LICENSE_NOT_FOUND", is_another, {"activate": 404, "validate": 200}),
    ("LICENSE_REVOKED", is_revoked, ON_KEY_AND_TOKEN),
    ("LICENSE_SUSPENDED", is_suspended, ON_KEY_AND_TOKEN),
    ("LICENSE_EXPIRED", has_expired, ON_KEY_AND_TOKEN),
    ("ACCOUNT_DISABLED", is_disabled, ON_KEY_AND_TOKEN),
    (
        "ACCOUNT_TYPE_NOT_ALLOWED",
        is_a_trial_on_a_live_account,
        {"activate": 403, "validate": 200},
    ),
    (
        "HARDWARE_MISMATCH",
        says(hardware_id="PC-2"),
        {"activate": 403, "validate": 200},
    ),
    ("ACTIVATION_LIMIT", says(mt4_account="7"), {"activate": 409, "validate": 200}),
    ("TRIAL_ALREADY_USED", uses_a_trial_again, {"activate": 409, "validate": 200}),
    ("NOT_ACTIVATED", is_not_active, {"validate": 200}),
    ("METHOD_NOT_ALLOWED", says_another_method, statuses(ALL, 405)),
    ("TOO_LARGE", sends(b" " * (2**20 + 1)), statuses(ALL, 413)),
    ("UNSUPPORTED_ENCODING", sends(Content_Encoding="gzip"), statuses(ALL, 415)),
]
CASES = [
    pytest.param(code, provoke, call, status, id=f"{code}-{number}-{call}")
    for number, (code, provoke, expected) in enumerate(TABLE)
    for call, status in expected.items()
]


def check_shape(response: Any, reply: dict[str, Any], status: int, code: str) -> None:
    assert (response.status_code, reply["code"]) == (status, code)
    assert list(reply)[:4] == ["code", "message", "request_id", "server_time"]
    assert reply["request_id"] == response["X-Request-Id"]
    assert response.content.isascii()
    assert response["Cache-Control"] == "no-store"
    assert int(response["Content-Length"]) == len(response.content)
    if status < 400:
        assert response["Content-Type"] == "application/json"
        assert reply["valid"] is False
        return
    assert response["Content-Type"] == "application/problem+json"
    assert (reply["status"], reply["detail"]) == (status, reply["message"])
    assert (reply["type"], bool(reply["title"])) == ("about:blank", True)


@pytest.mark.parametrize(("code", "provoke", "call", "status"), CASES)
def test_a_code_has_its_status_and_shape(caller, code, provoke, call, status):
    provoke(caller, call)

    response, reply = caller.say(call)

    check_shape(response, reply, status, code)
    if status == 405:
        assert response["Allow"] == ("GET" if call == "settings" else "POST")
    if code == "VALIDATION_ERROR":
        assert reply["field"] == "nonce"


@pytest.mark.parametrize("call", ALL)
def test_who_calls_too_often_is_told_when_to_come_again(caller, call, settings):
    is_limited(settings)(caller, call)

    response, reply = caller.say(call)

    check_shape(response, reply, 429, "RATE_LIMITED")
    assert int(response["Retry-After"]) >= 1


@pytest.mark.parametrize("call", BY_KEY)
def test_who_guesses_keys_is_locked_out(caller, call, settings):
    is_locked_out(settings)(caller, call)

    response, reply = caller.say(call)

    check_shape(response, reply, 429, "LOCKED_OUT")
    assert int(response["Retry-After"]) >= 1


@pytest.mark.parametrize("call", [call for call in ALL if call != "settings"])
def test_a_body_of_unknown_length_is_refused(caller, call):
    caller.content = b""  # Django's client tells no length then

    response, reply = caller.say(call)

    check_shape(response, reply, 411, "LENGTH_REQUIRED")


def test_a_path_that_is_none_is_not_found(caller):
    response, reply = caller.say("nothing")

    check_shape(response, reply, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "lapse",
    [is_revoked, is_suspended, has_expired, is_disabled],
    ids=lambda f: f.__name__,
)
def test_a_bot_leaves_in_every_state_of_its_license(caller, lapse):
    lapse(caller, "deactivate")

    codes = [caller.say("deactivate")[1]["code"] for _ in range(2)]

    assert codes == ["DEACTIVATED", "ALREADY_DEACTIVATED"]
    response, reply = caller.say("heartbeat")
    check_shape(response, reply, 401, "TOKEN_INVALID")


@pytest.mark.parametrize("call", ALL)
def test_every_call_answers_without_and_with_a_slash(caller, call):
    answers = [caller.say(call, slash)[0] for slash in ("", "/")]

    assert [answer.status_code for answer in answers] == [200, 200]


# --- Precedence -----------------------------------------------------------------------
def test_of_several_refusals_the_first_in_order_is_told(alice):
    """Mend one thing after the other, and hear of the next."""
    caller = Caller(alice)
    caller.changes = {"mt4_account": "1"}
    caller.say("activate")
    license_ = License.objects.get()
    good, caller.key = caller.key, "SST-1"
    caller.changes = {"mt4_account": "7", "hardware_id": "PC-2", "is_live": True}
    License.objects.update(
        status="revoked", expires_at=clock.now() - timedelta(days=90)
    )
    hold = LicenseHoldFactory.create(license=license_)
    User.objects.update(is_active=False)
    License.objects.update(license_type="TRIAL")

    def mend(number: int) -> None:
        steps: list[Callable[[], object]] = [
            lambda: setattr(caller, "key", generate_key()),
            lambda: setattr(caller, "key", good),
            lambda: License.objects.update(status="active"),
            hold.delete,
            lambda: License.objects.update(expires_at=clock.now() + timedelta(days=1)),
            lambda: User.objects.update(is_active=True),
            lambda: caller.changes.update(is_live=False),
            lambda: caller.changes.update(hardware_id="PC-1"),
            lambda: License.objects.update(license_type="PRO", max_accounts=2),
        ]
        steps[number]()

    heard = [[caller.say(call)[1]["code"] for call in BY_KEY]]
    for number in range(9):
        mend(number)
        heard.append([caller.say(call)[1]["code"] for call in reversed(BY_KEY)])

    in_order = [
        "KEY_MALFORMED",
        "LICENSE_NOT_FOUND",
        "LICENSE_REVOKED",
        "LICENSE_SUSPENDED",
        "LICENSE_EXPIRED",
        "ACCOUNT_DISABLED",
        "ACCOUNT_TYPE_NOT_ALLOWED",
        "HARDWARE_MISMATCH",
        "ACTIVATION_LIMIT",
    ]
    assert heard[:-1] == [[code, code] for code in in_order]
    assert heard[-1] == ["NOT_ACTIVATED", "ACTIVATED"]


CODE_OF_A_GOOD_CALL = {
    "activate": "ALREADY_ACTIVATED",
    "heartbeat": "ALIVE",
    "sync": "ALIVE",
    **dict.fromkeys(("settings", "trades", "ticks", "logs"), "OK"),
}


# --- Expiry, without a job ------------------------------------------------------------
@pytest.mark.parametrize(
    ("after_the_end", "code", "status"),
    [
        (timedelta(seconds=-30), "VALID", 200),
        (timedelta(0), "GRACE", 200),
        (timedelta(days=7, seconds=-30), "GRACE", 200),
        (timedelta(days=7), "LICENSE_EXPIRED", 403),
    ],
)
@pytest.mark.parametrize("call", [*BY_TOKEN, "activate", "validate"])
def test_the_end_is_decided_when_it_is_asked(caller, call, after_the_end, code, status):
    License.objects.update(expires_at=clock.now() - after_the_end)

    response, reply = caller.say(call)

    if call == "validate":
        assert (response.status_code, reply["code"]) == (200, code)
        assert reply["valid"] is (status == 200)
    else:
        granted = CODE_OF_A_GOOD_CALL[call] if status == 200 else code
        assert (response.status_code, reply["code"]) == (status, granted)
    assert License.objects.get().status == "active"
