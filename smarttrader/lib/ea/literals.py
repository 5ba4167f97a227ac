"""How MQL4 and its authors write numbers and times."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from smarttrader.lib.strict_json import decimal_of

# In thousands a space, no-break or narrow no-break; never a decimal comma.
NUMBER = re.compile(
    r"[+-]?(?:\d{1,3}(?:[ \xa0\u202f]\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:e[+-]?\d+)?",
    re.ASCII | re.IGNORECASE,
)
# As MQL4 and C print it.
INFINITY = re.compile(r"([+-]?)(?:inf|infinity|1\.#inf0*)", re.ASCII | re.IGNORECASE)
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# What JSON does not know but MQL4 prints; and whatever else stands around it, in one
# piece, so that many quotes do not become many matches.
NO_NUMBER = (
    r"(?<=[:,\[\s])[+-]?(?:inf|nan(?:\(s?(?:nan|ind)\))?|1\.#(?:inf|ind|[qs]nan)\d*)"
    r"(?=[,\]}\s])"
)
AROUND_NO_NUMBER = re.compile(
    rf'((?:"(?:[^"\\]++|\\.)*+"?|[^"inIN1+-]|(?!{NO_NUMBER}).)++)|{NO_NUMBER}',
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
SEPARATORS = str.maketrans("", "", " \xa0\u202f")

BROKER_TIME = re.compile(r"\d{4}\.\d{2}\.\d{2}(?: \d{2}:\d{2}(?::\d{2})?)?", re.ASCII)
ISO_8601 = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)
ZERO = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(days=2)
LATEST_SECONDS = Decimal(10**11)  # in the year 5138
MICROSECONDS = 10**6


def latest(now: datetime) -> datetime:
    """Return how far ahead of `now` an EA's clock may be."""
    return now + CLOCK_TOLERANCE


def number(value: Any) -> Decimal | None:
    """Return the number, also an infinite one; None for what is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if not isinstance(value, str):
        told = Decimal(value)
        return None if told.is_nan() else told
    text = value.strip()
    if NUMBER.fullmatch(text):
        return decimal_of(text.translate(SEPARATORS))
    if infinity := INFINITY.fullmatch(text):
        return Decimal(f"{infinity[1]}Infinity")
    return None


def mended_json(text: str) -> list[str]:
    """Return JSON with NaN and Infinity for bare -nan(ind), inf, 1.#INF, if any are.

    An EA that prints a number into JSON prints these too; one of them should cost an
    item, not the batch.
    """
    if not re.search(NO_NUMBER, text, re.ASCII | re.IGNORECASE):
        return []
    return [AROUND_NO_NUMBER.sub(_as_json, text)]


def _as_json(found: re.Match[str]) -> str:
    if found[1] is not None:
        return str(found[1])
    sign = "-" if found[0].startswith("-") else ""
    return f"{sign}Infinity" if "inf" in found[0].lower() else "NaN"


def moment_of_epoch(seconds: Decimal) -> datetime | None:
    """Return the moment so many seconds after 1970 began; None beyond the calendar."""
    if not 0 <= seconds < LATEST_SECONDS:
        return None
    microseconds = (seconds * MICROSECONDS).to_integral_value()
    return ZERO + timedelta(microseconds=int(microseconds))


def moment(text: str, *, utc_offset: timedelta) -> datetime:
    """Return the moment that a broker's or an ISO 8601 time tells.

    Without an offset of its own the broker's counts, but the start of 1970 is ZERO
    everywhere: it stands for no time. Raises ValueError for what is no time,
    OverflowError for one beyond the calendar.
    """
    if BROKER_TIME.fullmatch(text):
        text = text.replace(".", "-")
    elif not ISO_8601.fullmatch(text):
        raise ValueError("not a time")
    told = datetime.fromisoformat(text.upper())
    if told.tzinfo is not None:
        return told.astimezone(UTC)
    wall_clock = told.replace(tzinfo=UTC)
    return wall_clock if wall_clock == ZERO else wall_clock - utc_offset


def is_unstorable(text: str) -> bool:
    """Tell whether a text holds a NUL or half a character: PostgreSQL takes neither."""
    return UNSTORABLE.search(text) is not None
