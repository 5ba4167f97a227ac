"""What EAs are answered: flat, scalars before lists; what is absent is ""."""

from typing import Any

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
EPOCH: Schema = {"type": "integer", "description": "Seconds since 1970, UTC."}
AMOUNT: Schema = {"type": "number"}
ABSENT: Schema = {"const": ""}

EVERY_REPLY: dict[str, Schema] = {
    "message": {"type": "string", "description": "A sentence for people."},
    "request_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "server_time": EPOCH,
}
NONCE: dict[str, Schema] = {"nonce": {"type": "string", "maxLength": 128}}
PERMISSIONS = {"open_new": TRUTH, "manage_open": TRUTH}
TOKEN = {
    "bot_id": {"type": "string", "format": "uuid"},
    "token": STRING,
    "token_expires_at": EPOCH,
}
LICENSE_STATUS: Schema = {"enum": ["active", "suspended", "expired", "revoked"]}
LICENSE = {
    "license_type": {"enum": ["TRIAL", "BASIC", "PRO", "ENTERPRISE"]},
    "license_status": LICENSE_STATUS,
    "license_expires_at": {
        "description": 'Epoch seconds; "" for a license without an end.',
        "anyOf": [{"type": "integer"}, ABSENT],
    },
    "max_accounts": COUNT,
    "accounts_used": COUNT,
}
HEARD = {
    "command": {"enum": ["none", "pause", "resume", "stop"]},
    "settings_version": COUNT,
    **PERMISSIONS,
    "license_status": LICENSE_STATUS,
    "heartbeat_seconds": COUNT,
}
ITEM_CODES = [
    "VALIDATION_ERROR",
    "OUT_OF_RANGE",
    "TIME_OUT_OF_RANGE",
    "CLOSED_BEFORE_OPENED",
    "UNKNOWN_TICKET",
    "TICK_OUT_OF_RANGE",
    "TOO_OLD",
    "LICENSE_REVOKED",
    "LICENSE_SUSPENDED",
    "LICENSE_EXPIRED",
    "ACCOUNT_DISABLED",
]
REJECTION: Schema = {
    "type": "object",
    "description": "Why an item was not taken; `index` counts from 0.",
    "required": ["index", "ticket_number", "code", "field", "message"],
    "additionalProperties": False,
    "properties": {
        "list": {"enum": ["trades", "ticks", "logs"], "description": "In sync only."},
        "index": COUNT,
        "ticket_number": STRING,
        "code": {"enum": ITEM_CODES},
        "field": STRING,
        "message": STRING,
    },
}
REJECTED: dict[str, Schema] = {
    "rejected_count": COUNT,
    "rejected": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/EaRejection"},
    },
}
COUNTS = {
    "accepted": COUNT,
    "created": COUNT,
    "updated": COUNT,
    "unchanged": COUNT,
    "first_rejected_index": {"anyOf": [COUNT, ABSENT]},
    "first_rejected_code": {"enum": [*ITEM_CODES, ""]},
    "first_rejected_field": STRING,
    **REJECTED,
}
SYNCED = {
    "trades_accepted": COUNT,
    "ticks_accepted": COUNT,
    "logs_accepted": COUNT,
    **REJECTED,
}
SETTINGS: dict[str, Schema] = {
    "settings_version": COUNT,
    "risk_percentage": AMOUNT,
    "max_daily_loss": AMOUNT,
    "max_trades_per_day": COUNT,
    "stop_loss_pips": COUNT,
    "take_profit_pips": COUNT,
    "trailing_stop": TRUTH,
    "auto_trade": TRUTH,
    "notifications_enabled": TRUTH,
    "trading_pairs": {"type": "string", "description": "Divided by commas."},
    "sessions": COUNT,
    "strategies": COUNT,
    "trading_sessions": {"type": "string", "description": "A list as JSON text."},
    "strategies_enabled": {"type": "string", "description": "A list as JSON text."},
}
NUMBERED: dict[str, Schema] = {
    "^session_[0-9]+_(name|days|start|end)$": STRING,
    "^strategy_[0-9]+_name$": STRING,
    "^strategy_[0-9]+_enabled$": TRUTH,
}
ALIVE = ("ALIVE", "RESURRECTED")
LAPSED = ("LICENSE_REVOKED", "LICENSE_SUSPENDED", "LICENSE_EXPIRED", "ACCOUNT_DISABLED")
REFUSED = (*LAPSED, "ACCOUNT_TYPE_NOT_ALLOWED", "HARDWARE_MISMATCH")
VALIDATED = (
    *("VALID", "GRACE", "LICENSE_NOT_FOUND", *REFUSED),
    *("ACTIVATION_LIMIT", "TRIAL_ALREADY_USED", "NOT_ACTIVATED"),
)


def reply(codes: tuple[str, ...], keys: dict[str, Schema], **options: Any) -> Schema:
    """Return the schema of a reply; all of its keys come, but for a nonce not sent."""
    properties = {"code": {"enum": list(codes)}, **EVERY_REPLY, **keys}
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties | NONCE,
    } | options


def problem() -> Schema:
    """Return the schema of a refusal: RFC 9457 beside the flat keys of the call."""
    members = {"type": STRING, "title": STRING, "status": COUNT, "detail": STRING}
    required = {"code": STRING, **EVERY_REPLY, **members}
    optional = {"field": STRING, **PERMISSIONS, **TOKEN, **HEARD, **COUNTS, **SYNCED}
    return {
        "type": "object",
        "description": (
            "Why a call was refused. Under a lapsed license the keys of a good reply"
            " come too: what was stored is told."
        ),
        "required": list(required),
        "additionalProperties": False,
        "properties": required | NONCE | optional,
    }


KNOWN = {"valid": TRUTH, **PERMISSIONS, **LICENSE}
VALIDATION = reply(VALIDATED, KNOWN)
# Of a key that nobody has nothing more is told.
VALIDATION["required"] = [
    name for name in VALIDATION["required"] if name not in LICENSE
]
ACTIVATED = {
    **TOKEN,
    "heartbeat_seconds": COUNT,
    "settings_version": COUNT,
    **LICENSE,
    **PERMISSIONS,
}
REPLIES = {
    "EaActivated": reply(("ACTIVATED", "ALREADY_ACTIVATED"), ACTIVATED),
    "EaValidated": VALIDATION,
    "EaHeard": reply(ALIVE, HEARD),
    "EaSettings": reply(("OK",), SETTINGS, patternProperties=NUMBERED),
    "EaRecorded": reply(("OK",), COUNTS),
    "EaSynced": reply(ALIVE, HEARD | SYNCED),
    "EaDeactivated": reply(("DEACTIVATED", "ALREADY_DEACTIVATED"), {}),
    "EaRejection": REJECTION,
    "EaProblem": problem(),
}
