"""Log lines that hold no secret: keys, tokens, passwords and codes are taken out."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from smarttrader.lib.request_context import current_request

# What may stand between the symbols of a key: what licensing.keys forgives, and how it
# looks in a repr, in JSON and in a form. Not in plain words: see SPACED_KEY.
DASHES = r"(?:-|%2[Dd]|\\x2d|\\u002[Dd]|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff])*"
ESCAPE = r"%[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[fnrtv]"
SPACES = rf"(?:[\s+-]|{ESCAPE}|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff])*"
# Crockford's symbols with the look-alikes I, L and O; no U.
SYMBOL = "[0-9A-TV-Z]"
PREFIX = "SST"
SYMBOLS_AFTER_PREFIX = 22


def _key_pattern(between: str) -> str:
    symbols = [*PREFIX, *[SYMBOL] * SYMBOLS_AFTER_PREFIX]
    return between.join(symbols)


# Words of a sentence must not be taken for a key: "less than twenty two letters ...".
WORD_BEGINS = (
    r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9A-Fa-f]{2})"
    r"|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\[fnrtv]))"
)
# A secret by its name, as it looks in a repr, in JSON, in a form, in a header.
NAMED = (
    r"(?:['\"\\]|%22|%5[Cc])*(?:\s*[:=]\s*|%3[AaDd])(?:[bru]?['\"\\]|%22|%5[Cc]|\[)*"
)
QUOTED_OR_WORD = r"(?:(?<=')[^'\r\n]*|(?<=\")[^\"\r\n]*|[^\s'\",;&}\])]+)"
SECRETS = (
    (re.compile(_key_pattern(DASHES), re.IGNORECASE), "[license key]"),
    (re.compile(WORD_BEGINS + _key_pattern(SPACES), re.IGNORECASE), "[license key]"),
    # A JWT begins with the base64 of {"... Whatever begins so is taken out: to look for
    # a dot in vain, from each beginning anew, would take forever in a long line.
    (re.compile(r"eyJ[\w-]{8,}(?:(?:\.|%2[Ee])[\w-]*)*"), "[token]"),
    (
        re.compile(rf"(bearer)(?:[\s+]|{ESCAPE})+[^\s'\",;\\]+", re.IGNORECASE),
        r"\1 [token]",
    ),
    (
        re.compile(
            rf"((?:password|passwd)\w{{0,20}}{NAMED}){QUOTED_OR_WORD}", re.IGNORECASE
        ),
        r"\1[password]",
    ),
    (
        re.compile(
            rf"((?:sessionid|csrf\w{{0,20}}){NAMED})[\w%-]{{8,}}", re.IGNORECASE
        ),
        r"\1[cookie]",
    ),
    # Codes of an authenticator, for recovery, and of mails. 200 and 42P01 are none.
    (
        re.compile(
            rf"(\b(?:code|otp|totp\w{{0,20}}){NAMED})(?=[A-Z-]*\d)"
            r"(?:[A-Z0-9]{6,8}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4})\b",
            re.IGNORECASE,
        ),
        r"\1[code]",
    ),
    (re.compile(rf"(\bsecret{NAMED})[A-Z2-7]{{16,}}=*", re.IGNORECASE), r"\1[secret]"),
    (re.compile(r"(/password/reset/key/)[\w-]+"), r"\1[token]"),
    (re.compile(r"(/unsubscribe/)[\w:-]+"), r"\1[token]"),
    # Of webhooks, and a Telegram bot's.
    (re.compile(r"whsec_[\w+/=-]+"), "[secret]"),
    (re.compile(r"(/bot)[0-9]+(?::|%3[Aa])[\w-]+"), r"\1[token]"),
)
# What a log call adds by `extra=` and JSON lines carry.
EXTRAS = ("method", "route", "status", "duration_ms")


def scrubbed(text: str) -> str:
    """Return a text without license keys, tokens, passwords, cookies and codes."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class ScrubbingFormatter(logging.Formatter):
    """Formats a record, its arguments and traceback included, then scrubs the line."""

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


class JsonFormatter(ScrubbingFormatter):
    """Formats a record as one line of JSON, with the request that it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        message, _, traceback = super().format(record).partition("\n")
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        if request := current_request():
            line["request_id"] = request.request_id
            line["user_id"] = request.user_id
            line["bot_id"] = request.bot_id
        line |= {name: getattr(record, name, "") for name in EXTRAS}
        line["more"] = traceback
        return json.dumps({name: value for name, value in line.items() if value != ""})
