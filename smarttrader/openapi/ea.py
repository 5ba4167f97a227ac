"""The calls of Expert Advisors in the document, as docs/ea-protocol.md tells them."""

from dataclasses import dataclass, field
from typing import Any

from smarttrader.lib.ea.replies import JSON, PROBLEM, TEXT
from smarttrader.openapi import ea_bodies, ea_replies

BOT_TOKEN = "botToken"  # noqa: S105 -- a name in the document
FORM = "application/x-www-form-urlencoded"
TELLS_WHEN = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
SENTENCES = {
    "KEY_MALFORMED": "A typing error: the last two characters check the rest.",
    "MALFORMED_BODY": "Nothing was stored: mend the EA.",
    "VALIDATION_ERROR": "Mend `field`.",
    "ALL_REJECTED": "No item was good: see `rejected`.",
    "TOKEN_INVALID": "Activate, then send again.",
    "LICENSE_NOT_FOUND": "Nobody has this key.",
    "LICENSE_REVOKED": "Open nothing, manage nothing.",
    "LICENSE_SUSPENDED": "Open nothing new; go on to manage what is open.",
    "LICENSE_EXPIRED": "Open nothing new; go on to manage what is open.",
    "ACCOUNT_DISABLED": "Open nothing new; go on to manage what is open.",
    "ACCOUNT_TYPE_NOT_ALLOWED": "A trial runs on demo accounts only.",
    "HARDWARE_MISMATCH": "The license is locked to another computer.",
    "ACTIVATION_LIMIT": "All accounts of the license are in use.",
    "TRIAL_ALREADY_USED": "One trial for each account: buy a license.",
    "TLS_REQUIRED": "Call https: keys travel with calls.",
    "LENGTH_REQUIRED": "Send Content-Length.",
    "TOO_LARGE": "At most 500 items and 1 MiB at once.",
    "UNSUPPORTED_ENCODING": "Do not compress.",
    "RATE_LIMITED": "Wait for Retry-After, then send again.",
    "LOCKED_OUT": "Too many unknown keys from your address: wait.",
    "UNAVAILABLE": "Wait for Retry-After, then send again.",
}
OF_ALL_CALLS = {
    400: ("MALFORMED_BODY", "VALIDATION_ERROR"),
    403: ("TLS_REQUIRED",),
    411: ("LENGTH_REQUIRED",),
    413: ("TOO_LARGE",),
    415: ("UNSUPPORTED_ENCODING",),
    429: ("RATE_LIMITED",),
    503: ("UNAVAILABLE",),
}
Codes = dict[int, tuple[str, ...]]
OF_KEYS: Codes = {400: ("KEY_MALFORMED",), 429: ("LOCKED_OUT",)}
OF_TOKENS: Codes = {401: ("TOKEN_INVALID",)}
OF_LICENSES: Codes = OF_TOKENS | {403: ea_replies.LAPSED}
OF_LISTS: Codes = OF_LICENSES | {400: ("ALL_REJECTED",)}
OF_ACTIVATE: Codes = OF_KEYS | {
    403: ea_replies.REFUSED,
    404: ("LICENSE_NOT_FOUND",),
    409: ("ACTIVATION_LIMIT", "TRIAL_ALREADY_USED"),
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call: what it takes and answers; `form` is what a form can say of its body."""

    summary: str
    body: str
    reply: str
    codes: Codes
    form: str = ""
    statuses: tuple[int, ...] = (200,)
    method: str = "post"
    headers: dict[str, Any] = field(default_factory=dict)


CALLS = {
    "activate": Call(
        summary="Bind the license to this account, and give the bot its token",
        body="EaActivate",
        reply="EaActivated",
        statuses=(200, 201),
        codes=OF_ACTIVATE,
    ),
    "validate": Call(
        summary="Tell what a key is worth, without taking a slot",
        body="EaValidate",
        reply="EaValidated",
        codes=OF_KEYS,
    ),
    "heartbeat": Call(
        summary="Say that the bot is alive, and hear its owner's command",
        body="EaHeartbeat",
        reply="EaHeard",
        codes=OF_LICENSES,
    ),
    "settings": Call(
        summary="Fetch the settings as the bot's owner made them",
        body="",
        reply="EaSettings",
        codes=OF_LICENSES,
        method="get",
    ),
    "trades": Call(
        summary="Report trades: opened, changed, closed",
        body="EaTrades",
        form="EaTrade",
        reply="EaRecorded",
        codes=OF_LISTS,
    ),
    "ticks": Call(
        summary="Report the prices of open trades",
        body="EaTicks",
        form="EaTick",
        reply="EaRecorded",
        codes=OF_LISTS,
    ),
    "logs": Call(
        summary="Write into the bot's log",
        body="EaLogs",
        form="EaLogLine",
        reply="EaRecorded",
        codes=OF_LISTS,
    ),
    "sync": Call(
        summary="Heartbeat, trades, ticks and logs in one round trip",
        body="EaSync",
        form="EaHeartbeat",
        reply="EaSynced",
        codes=OF_LICENSES,
    ),
    "deactivate": Call(
        summary="Give the account's slot back",
        body="EaDeactivate",
        reply="EaDeactivated",
        codes=OF_TOKENS,
    ),
}


def schemas() -> dict[str, Any]:
    return ea_bodies.BODIES | ea_replies.REPLIES


def paths() -> dict[str, Any]:
    return {
        f"/api/v1/ea/{name}": {call.method: _operation(name, call)}
        for name, call in CALLS.items()
    }


def _operation(name: str, call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"ea_{name}",
        "summary": call.summary,
        "tags": ["ea"],
        "security": [{BOT_TOKEN: []}] if 401 in call.codes else [],  # noqa: PLR2004
        "responses": _good_replies(call) | _problems(call),
    }
    if call.method == "get":
        return operation | {"parameters": [IF_NONE_MATCH]}
    return operation | {
        "requestBody": {
            "content": {
                "application/json": {"schema": _named(call.body)},
                FORM: {"schema": _named(call.form or call.body)},
            }
        }
    }


IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of the settings that the EA has.",
}


def _good_replies(call: Call) -> dict[str, Any]:
    codes = ", ".join(
        f"`{code}`"
        for code in ea_replies.REPLIES[call.reply]["properties"]["code"]["enum"]
    )
    content = {JSON: {"schema": _named(call.reply)}, TEXT: {"schema": AS_TEXT}}
    good: dict[str, Any] = {
        str(status): {"description": codes, "content": content}
        for status in call.statuses
    }
    if call.method == "get":
        good["304"] = {"description": "Nothing changed."}
    return good


AS_TEXT = {
    "type": "string",
    "description": "With `Accept: text/plain`: the scalars as `name=value` lines.",
}


def _problems(call: Call) -> dict[str, Any]:
    statuses = sorted(OF_ALL_CALLS.keys() | call.codes.keys())
    return {
        str(status): _problem(
            status, (*call.codes.get(status, ()), *OF_ALL_CALLS.get(status, ()))
        )
        for status in statuses
    }


def _problem(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {
            PROBLEM: {
                "schema": _named("EaProblem"),
                "examples": {code: {"value": _example(status, code)} for code in codes},
            },
            TEXT: {"schema": AS_TEXT},
        },
    }
    if "Retry-After" in " ".join(SENTENCES[code] for code in codes):
        response["headers"] = TELLS_WHEN
    return response


def _example(status: int, code: str) -> dict[str, Any]:
    return {
        "code": code,
        "message": SENTENCES[code],
        "request_id": "019b76da80007000800000000000002a",
        "server_time": 1_795_607_473,
        "type": "about:blank",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": SENTENCES[code],
    }


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
