"""Values of a call's fields, as forgiving as MQL4 needs and no further.

An absent field and an empty string are the same: None. Each reader raises FieldInvalid.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from smarttrader.lib.ea.refusals import FieldInvalid
from smarttrader.lib.money import rounded
from smarttrader.lib.text import clean_text

Value = TypeVar("Value")

BROKER_TIME = re.compile(r"\d{4}\.\d{2}\.\d{2} \d{2}:\d{2}(:\d{2})?")
EPOCH_SECONDS = re.compile(r"\d{1,12}")
WORDS = {
    **dict.fromkeys(("true", "1", "yes"), True),
    **dict.fromkeys(("false", "0", "no"), False),
}
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # what OrderCloseTime() is of an open order
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(days=2)


class Fields:
    """The fields of a call or of one item; `utc_offset` reads the broker's times."""

    def __init__(self, values: Any, *, utc_offset: timedelta = timedelta(0)) -> None:
        if not isinstance(values, Mapping):
            raise FieldInvalid("", "An item is an object.")
        self._values = values
        self._utc_offset = utc_offset

    def is_given(self, name: str) -> bool:
        value = self._values.get(name)
        return value is not None and value != ""

    def text(self, name: str, *, limit: int) -> str | None:
        """Return a cleaned text of at most `limit` characters."""
        if not self.is_given(name):
            return None
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise FieldInvalid(name, f"{name} is a text.")
        raw = str(value)
        if "\0" in raw or any("\ud800" <= character <= "\udfff" for character in raw):
            raise FieldInvalid(name, f"{name} holds a character that no text has.")
        if len(raw) > limit:
            raise FieldInvalid(name, f"{name} has at most {limit} characters.")
        try:
            return clean_text(raw, limit) or None
        except ValueError as error:
            raise FieldInvalid(name, f"{name}: {error}") from error

    def required_text(self, name: str, *, limit: int) -> str:
        return _required(name, self.text(name, limit=limit))

    def number(self, name: str, *, step: Decimal, below: Decimal) -> Decimal | None:
        """Return a number at the step's scale, rounded half-up and below a limit."""
        if not self.is_given(name):
            return None
        number = self._decimal(name)
        if not number.is_finite() or abs(number) >= below:
            raise FieldInvalid(name, f"{name} is out of range.", "OUT_OF_RANGE")
        number = rounded(number, step)
        if abs(number) >= below:
            raise FieldInvalid(name, f"{name} is out of range.", "OUT_OF_RANGE")
        return number

    def required_number(self, name: str, *, step: Decimal, below: Decimal) -> Decimal:
        return _required(name, self.number(name, step=step, below=below))

    def integer(self, name: str, *, smallest: int, largest: int) -> int | None:
        if not self.is_given(name):
            return None
        number = self._decimal(name)
        if not number.is_finite() or number != number.to_integral_value():
            raise FieldInvalid(name, f"{name} is a whole number.")
        if not smallest <= number <= largest:
            raise FieldInvalid(name, f"{name} is out of range.", "OUT_OF_RANGE")
        return int(number)

    def boolean(self, name: str) -> bool | None:
        if not self.is_given(name):
            return None
        word = str(self._values[name]).strip().lower()
        if word not in WORDS:
            raise FieldInvalid(name, f"{name} is true or false.")
        return WORDS[word]

    def moment(self, name: str, *, now: datetime) -> datetime | None:
        """Return a time in UTC; 0 and the start of 1970 are no time.

        Takes the broker's `YYYY.MM.DD HH:MM[:SS]`, ISO 8601, and epoch seconds.
        """
        if not self.is_given(name):
            return None
        moment = self._read_moment(name, str(self._values[name]).strip())
        if moment in (NO_TIME, NO_TIME - self._utc_offset):
            return None
        if not EARLIEST <= moment <= now + CLOCK_TOLERANCE:
            raise FieldInvalid(
                name, f"{name} lies before 2000 or in the future.", "TIME_OUT_OF_RANGE"
            )
        return moment

    def required_moment(self, name: str, *, now: datetime) -> datetime:
        return _required(name, self.moment(name, now=now))

    def choice(self, name: str, spellings: Mapping[str, str]) -> str | None:
        """Return what the spelling, in whichever case, stands for."""
        if not self.is_given(name):
            return None
        spelling = str(self._values[name]).strip().lower()
        if spelling not in spellings:
            raise FieldInvalid(name, f"{name} is not a known value.")
        return spellings[spelling]

    def _decimal(self, name: str) -> Decimal:
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise FieldInvalid(name, f"{name} is a number.")
        try:
            # Thousands may be parted by spaces; a decimal comma is refused.
            return Decimal("".join(str(value).split()))
        except InvalidOperation as error:
            raise FieldInvalid(name, f"{name} is a number.") from error

    def _read_moment(self, name: str, text: str) -> datetime:
        try:
            if EPOCH_SECONDS.fullmatch(text):
                return NO_TIME + timedelta(seconds=int(text))
            if BROKER_TIME.fullmatch(text):
                text = text.replace(".", "-")
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                return moment.replace(tzinfo=UTC) - self._utc_offset
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise FieldInvalid(name, f"{name} is a time.") from error


def _required(name: str, value: Value | None) -> Value:
    if value is None:
        raise FieldInvalid(name, f"{name} is missing.")
    return value
