"""What EAs send, as docs/ea-protocol.md tells it: tolerant of how it is spelled."""

from typing import Any

Schema = dict[str, Any]
NUMERIC = r"^\s*[+-]?[0-9][0-9\s\u00a0]*(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?\s*$"


def text(limit: int, description: str = "") -> Schema:
    schema: Schema = {
        "anyOf": [
            {"type": "string", "minLength": 1, "maxLength": limit},
            {"type": "integer"},
        ]
    }
    return schema | ({"description": description} if description else {})


def number(description: str = "") -> Schema:
    schema: Schema = {
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": NUMERIC}]
    }
    return schema | ({"description": description} if description else {})


def integer(smallest: int, largest: int) -> Schema:
    return {"type": "integer", "minimum": smallest, "maximum": largest}


def word(*spellings: Any) -> Schema:
    return {"enum": list(spellings)}


TRUTH = word(True, False, 1, 0, "true", "false", "yes", "no")  # noqa: FBT003
MOMENT: Schema = {
    "description": "The broker's `YYYY.MM.DD HH:MM:SS`, ISO 8601, or epoch seconds.",
    "anyOf": [{"type": "string", "minLength": 10}, {"type": "integer"}],
}
NONCE: Schema = {
    "type": "string",
    "maxLength": 128,
    "description": "Echoed in the reply.",
}
OFFSET = integer(-720, 840)


def body(required: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
    }


ACTIVATE = body(
    {
        "license_key": text(100),
        "mt4_account": text(50),
        "broker_name": text(100),
        "hardware_id": text(255, "Yours to choose; locked at the first activation."),
    },
    {
        "broker_server": text(100),
        "is_live": TRUTH,
        "instance_name": text(100, "By default `MT4 <account>`."),
        "ea_version": text(50),
        "utc_offset_minutes": OFFSET,
        "account_currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
        "nonce": NONCE,
    },
)
VALIDATE = body(
    {"license_key": text(100)},
    {
        "mt4_account": text(50),
        "broker_server": text(100),
        "hardware_id": text(255),
        "is_live": TRUTH,
        "nonce": NONCE,
    },
)
HEARTBEAT = body(
    {},
    {
        "status": word("running", "stopped", "paused", "error"),
        "balance": number(),
        "equity": number(),
        "open_trades": integer(0, 2**31 - 1),
        "message": text(255),
        "utc_offset_minutes": OFFSET,
        "nonce": NONCE,
    },
)
TRADE = body(
    {
        "ticket_number": text(50),
        "symbol": text(20),
        "trade_type": word(0, 1, "BUY", "SELL", "OP_BUY", "OP_SELL"),
        "lot_size": number(),
        "open_price": number(),
        "opened_at": MOMENT,
    },
    {
        "closed_at": MOMENT,
        "close_price": number(),
        "profit": number("`OrderProfit()`: without commission and swap."),
        "stop_loss": number(),
        "take_profit": number(),
        "commission": number("Taxes belong here."),
        "swap": number(),
        "profit_percentage": number(),
        "strategy_used": text(50),
        "magic_number": integer(-(2**63) + 1, 2**63 - 1),
        "comment": text(255),
        "status": word("open", "closed", "cancelled"),
    },
)
TICK = body(
    {
        "ticket_number": text(50),
        "current_price": number(),
        "unrealized_profit": number(),
        "recorded_at": MOMENT,
    },
    {},
)
LOG_LINE = body(
    {
        "log_level": word("DEBUG", "INFO", "WARNING", "ERROR"),
        "category": word("TRADE", "SYSTEM", "STRATEGY", "ERROR"),
        "message": text(10_000),
    },
    {
        "metadata": {
            "description": "At most 16 KiB; in a form the text of an object.",
            "anyOf": [{"type": "object"}, {"type": "string"}],
        },
        "created_at": MOMENT,
        "client_seq": integer(0, 2**63 - 1),
    },
)


def items(schema: str) -> Schema:
    return {
        "type": "array",
        "maxItems": 500,
        "items": {"$ref": f"#/components/schemas/{schema}"},
    }


def batch(name: str, schema: str) -> Schema:
    """Return a call's body: its list by name, the list itself, or one item alone."""
    listed = body({name: items(schema)}, {"nonce": NONCE})
    return {
        "anyOf": [
            listed,
            items(schema),
            {"$ref": f"#/components/schemas/{schema}"},
        ]
    }


SYNC = body(
    {},
    HEARTBEAT["properties"]
    | {
        "trades": items("EaTrade"),
        "ticks": items("EaTick"),
        "logs": items("EaLogLine"),
    },
)
BODIES = {
    "EaActivate": ACTIVATE,
    "EaValidate": VALIDATE,
    "EaHeartbeat": HEARTBEAT,
    "EaTrade": TRADE,
    "EaTrades": batch("trades", "EaTrade"),
    "EaTick": TICK,
    "EaTicks": batch("ticks", "EaTick"),
    "EaLogLine": LOG_LINE,
    "EaLogs": batch("logs", "EaLogLine"),
    "EaSync": SYNC,
    "EaDeactivate": body({}, {"nonce": NONCE}),
}
