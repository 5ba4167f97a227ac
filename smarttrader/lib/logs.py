"""Log lines that hold no secret: license keys and tokens are taken out of each."""

import logging
import re

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
)


def scrubbed(text: str) -> str:
    """Return a text without license keys, bearer tokens and JSON Web Tokens."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class ScrubbingFormatter(logging.Formatter):
    """Formats a record, its arguments and traceback included, then scrubs the line."""

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))
