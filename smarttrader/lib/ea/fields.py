"""Values of a call's fields, as forgiving as MQL4 needs and no further.

An absent field and an empty string are the same: None. Each reader raises FieldInvalid.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from smarttrader.lib.ea import literals
from smarttrader.lib.ea.json_values import ValueInvalid, plain_object
from smarttrader.lib.ea.refusals import FieldInvalid
from smarttrader.lib.money import rounded
from smarttrader.lib.text import clean_text

Value = TypeVar("Value")

WORDS = {
    **dict.fromkeys(("true", "1", "yes"), True),
    **dict.fromkeys(("false", "0", "no"), False),
}
OUT_OF_RANGE, TIME_OUT_OF_RANGE = "OUT_OF_RANGE", "TIME_OUT_OF_RANGE"


class Fields:
    """The fields of a call or of one item; `utc_offset` reads the broker's times."""

    def __init__(self, values: Any, *, utc_offset: timedelta = timedelta(0)) -> None:
        if not isinstance(values, Mapping):
            raise FieldInvalid("", "An item must be an object.")
        self._values = values
        self._utc_offset = utc_offset

    def is_given(self, name: str) -> bool:
        value = self._values.get(name)
        return value is not None and value != ""

    def text(self, name: str, *, limit: int) -> str | None:
        """Return a cleaned text of at most `limit` characters."""
        if not self.is_given(name):
            return None
        raw = self._word(name)
        if literals.is_unstorable(raw):
            raise FieldInvalid(name, f"{name} holds a character that no text has.")
        if len(raw) > limit:
            raise _too_long(name, limit)
        try:
            text = clean_text(raw, limit + 1)
        except ValueError as error:
            raise FieldInvalid(name, f"{name}: {error}") from error
        if len(text) > limit:  # a composed letter may be longer than what it was
            raise _too_long(name, limit)
        return text or None

    def required_text(self, name: str, *, limit: int) -> str:
        return _required(name, self.text(name, limit=limit))

    def printable(self, name: str, *, limit: int) -> str | None:
        """Return 1 to `limit` printable ASCII characters, trimmed but not cleaned.

        For what identifies: "a<b>c" and "ac" are two tickets.
        """
        if not self.is_given(name):
            return None
        text = self._word(name)
        if not (text.isascii() and text.isprintable()):
            raise FieldInvalid(name, f"{name} must be printable ASCII.")
        if len(text) > limit:
            raise _too_long(name, limit)
        return text or None

    def required_printable(self, name: str, *, limit: int) -> str:
        return _required(name, self.printable(name, limit=limit))

    def number(self, name: str, *, step: Decimal, below: Decimal) -> Decimal | None:
        """Return a number at the step's scale, rounded half-up and below a limit."""
        if not self.is_given(name):
            return None
        number = self._decimal(name)
        # copy_abs, because abs() rounds, and overflows where the exponent is huge.
        if number.copy_abs() >= below:
            raise FieldInvalid(name, f"{name} is out of range.", OUT_OF_RANGE)
        number = rounded(number, step)
        if number.copy_abs() >= below:
            raise FieldInvalid(name, f"{name} is out of range.", OUT_OF_RANGE)
        return number or number.copy_abs()  # there is no -0.00

    def required_number(self, name: str, *, step: Decimal, below: Decimal) -> Decimal:
        return _required(name, self.number(name, step=step, below=below))

    def integer(self, name: str, *, smallest: int, largest: int) -> int | None:
        if not self.is_given(name):
            return None
        number = self._decimal(name)
        if not smallest <= number <= largest:
            raise FieldInvalid(name, f"{name} is out of range.", OUT_OF_RANGE)
        if number != number.to_integral_value():
            raise FieldInvalid(name, f"{name} must be a whole number.")
        return int(number)

    def boolean(self, name: str) -> bool | None:
        if not self.is_given(name):
            return None
        value = self._values[name]
        if isinstance(value, bool):
            return value
        word = self._word(name).lower()
        if word not in WORDS:
            raise FieldInvalid(name, f"{name} must be true or false.")
        return WORDS[word]

    def moment(
        self, name: str, *, now: datetime, zero_is_absent: bool = False
    ) -> datetime | None:
        """Return a time in UTC; it may lie up to two days ahead of `now`.

        Takes the broker's `YYYY.MM.DD HH:MM[:SS]`, ISO 8601, and epoch seconds. What
        OrderCloseTime() is of an open order, 0 or the start of 1970 on any clock, is
        out of range unless `zero_is_absent`.
        """
        if not self.is_given(name):
            return None
        moment = self._moment(name)
        if moment == literals.ZERO and zero_is_absent:
            return None
        if moment is None or not literals.EARLIEST <= moment <= literals.latest(now):
            raise FieldInvalid(
                name, f"{name} lies before 2000 or in the future.", TIME_OUT_OF_RANGE
            )
        return moment

    def required_moment(self, name: str, *, now: datetime) -> datetime:
        return _required(name, self.moment(name, now=now))

    def choice(self, name: str, spellings: Mapping[str, str]) -> str | None:
        """Return what the spelling, in whichever case, stands for."""
        if not self.is_given(name):
            return None
        spelling = self._word(name).lower()
        if spelling not in spellings:
            raise FieldInvalid(name, f"{name} is not one of the known values.")
        return spellings[spelling]

    def json_object(self, name: str, *, limit: int) -> dict[str, Any] | None:
        """Return an object, or one that a text writes, as jsonb can store it.

        Its texts and names are cleaned; as compact JSON it has at most `limit` bytes.
        """
        if not self.is_given(name):
            return None
        try:
            return plain_object(self._values[name], limit=limit)
        except ValueInvalid as error:
            raise FieldInvalid(name, f"{name} {error}") from error

    def _word(self, name: str) -> str:
        """Return a text, trimmed; an integer is taken as text."""
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise FieldInvalid(name, f"{name} must be a text.")
        return str(value).strip()

    def _decimal(self, name: str) -> Decimal:
        number = literals.number(self._values[name])
        if number is None:
            raise FieldInvalid(name, f"{name} must be a number.")
        return number

    def _moment(self, name: str) -> datetime | None:
        """Return the moment that is told, None where it is beyond all calendars."""
        value = self._values[name]
        number = literals.number(value)
        if number is not None:
            return literals.moment_of_epoch(number)
        if not isinstance(value, str):
            raise FieldInvalid(name, f"{name} must be a time.")
        try:
            return literals.moment(value.strip(), utc_offset=self._utc_offset)
        except OverflowError:
            return None
        except ValueError as error:
            raise FieldInvalid(name, f"{name} must be a time.") from error


def _too_long(name: str, limit: int) -> FieldInvalid:
    return FieldInvalid(name, f"{name} has at most {limit} characters.")


def _required(name: str, value: Value | None) -> Value:
    if value is None:
        raise FieldInvalid(name, f"{name} is missing.")
    return value
