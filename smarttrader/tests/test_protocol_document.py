"""docs/ea-protocol.md: its examples can be copied, and every code is explained."""

import json
import re
import shlex
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from bots.models import BotSettings
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotSettingsFactory
from smarttrader.lib import clock

DOCUMENT = (settings.BASE_DIR / "docs" / "ea-protocol.md").read_text()
REPLIES = re.findall(r"```json\n(.+?)\n```", DOCUMENT, re.DOTALL)
EXAMPLES = re.findall(
    r"```sh\ncurl -s \$URL/(\w+)(.*?)\n```.*?```json\n(.+?)\n```", DOCUMENT, re.DOTALL
)
IN_TURN = [
    *("activate", "validate", "heartbeat", "trades", "ticks", "logs"),
    *("sync", "deactivate"),
]
VOLATILE = {
    *("request_id", "server_time", "bot_id", "token"),
    *("token_expires_at", "license_expires_at"),
}
DAY_OF_THE_EXAMPLES = "2026.11.24"
CODES = [
    "ACTIVATED",
    "ALREADY_ACTIVATED",
    "VALID",
    "GRACE",
    "ALIVE",
    "RESURRECTED",
    "OK",
    "DEACTIVATED",
    "ALREADY_DEACTIVATED",
    "KEY_MALFORMED",
    "MALFORMED_BODY",
    "VALIDATION_ERROR",
    "ALL_REJECTED",
    "TOKEN_INVALID",
    "LICENSE_NOT_FOUND",
    "LICENSE_REVOKED",
    "LICENSE_SUSPENDED",
    "LICENSE_EXPIRED",
    "ACCOUNT_DISABLED",
    "ACCOUNT_TYPE_NOT_ALLOWED",
    "HARDWARE_MISMATCH",
    "ACTIVATION_LIMIT",
    "TRIAL_ALREADY_USED",
    "NOT_ACTIVATED",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "TLS_REQUIRED",
    "LENGTH_REQUIRED",
    "TOO_LARGE",
    "UNSUPPORTED_ENCODING",
    "RATE_LIMITED",
    "LOCKED_OUT",
    "UNAVAILABLE",
    "OUT_OF_RANGE",
    "TIME_OUT_OF_RANGE",
    "CLOSED_BEFORE_OPENED",
    "UNKNOWN_TICKET",
    "TICK_OUT_OF_RANGE",
    "TOO_OLD",
]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained(code):
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]

    assert [row for row in rows if f"`{code}`" in row.split("|")[1]] != []


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_is_shown_as_it_comes(reply):
    values = json.loads(reply)

    compact = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    assert list(values)[:4] == ["code", "message", "request_id", "server_time"]
    assert re.sub(r"(\.\d)0\b", r"\1", reply) == compact


def told(reply: dict[str, Any]) -> dict[str, Any]:
    """Return what a reply tells each time, in its order."""
    return {name: None if name in VOLATILE else reply[name] for name in reply}


@pytest.mark.django_db
def test_the_examples_are_answered_as_they_say(alice):
    key = license_key_of(alice, max_accounts=3)
    yesterday = f"{clock.now() - timedelta(days=1):%Y.%m.%d}"
    examples = {call: (command, reply) for call, command, reply in EXAMPLES}
    ea = Ea()

    for call in IN_TURN:
        command, documented = examples[call]
        words = shlex.split(command.replace("'$KEY'", key).replace("$KEY", key))
        body = words[words.index("-d") + 1].replace(DAY_OF_THE_EXAMPLES, yesterday)
        reply = ea.send(call, body.encode(), **{"Content-Length": str(len(body))})
        ea.token = reply.get("token", ea.token)

        assert list(told(reply).items()) == list(told(json.loads(documented)).items())


@pytest.mark.django_db
def test_the_settings_are_answered_as_the_document_says(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    made = BotSettingsFactory.build()
    BotSettings.objects.update(
        trading_pairs=made.trading_pairs,
        trading_sessions=made.trading_sessions,
        strategies_enabled=made.strategies_enabled,
    )
    documented = next(reply for reply in REPLIES if "risk_percentage" in reply)
    headers = {"Authorization": f"Bearer {ea.token}"}

    first = ea.client.get("/api/v1/ea/settings", headers=headers)
    headers["If-None-Match"] = first.headers["ETag"]
    second = ea.client.get("/api/v1/ea/settings", headers=headers)

    assert told(first.json()) == told(json.loads(documented))
    assert list(first.json()) == list(json.loads(documented))
    assert (second.status_code, second.content) == (304, b"")
