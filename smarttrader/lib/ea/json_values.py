"""Objects whose names are the EA's own, as PostgreSQL's jsonb can store them."""

import json
import math
from decimal import Decimal
from typing import Any

from smarttrader.lib import strict_json
from smarttrader.lib.ea.literals import is_unstorable
from smarttrader.lib.text import clean_text


class ValueInvalid(Exception):
    """An object that cannot be stored; tells why, after the field's name."""


def plain_object(value: Any, *, limit: int) -> dict[str, Any]:
    """Return an object of plain values, given as one or as its JSON text (in forms).

    As compact JSON in UTF-8 it has at most `limit` bytes, before and after it is
    cleaned. Raises ValueInvalid.
    """
    if isinstance(value, str):
        value = _parsed(value, limit)
    if not isinstance(value, dict):
        raise ValueInvalid("must be an object.")
    _check_size(value, limit)  # first: cleaning is the dear part
    plain = _plain_object(value, limit)
    _check_size(plain, limit)
    return plain


def _parsed(text: str, limit: int) -> Any:
    if len(text) > limit:
        raise _too_large(limit)
    try:
        return strict_json.parse(text)
    except strict_json.TooManyContainers as error:
        raise _too_large(limit) from error
    except ValueError as error:
        raise ValueInvalid(f"is not JSON: {error}") from error


def _check_size(value: dict[str, Any], limit: int) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
    if len(text.encode(errors="surrogatepass")) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ValueInvalid:
    return ValueInvalid(f"has at most {limit} bytes.")


def _plain_object(value: dict[str, Any], limit: int) -> dict[str, Any]:
    plain = {_clean(name, limit): _plain(each, limit) for name, each in value.items()}
    if len(plain) != len(value):
        raise ValueInvalid("has a name twice.")
    return plain


def _plain(value: Any, limit: int) -> Any:
    if isinstance(value, dict):
        return _plain_object(value, limit)
    if isinstance(value, list):
        return [_plain(each, limit) for each in value]
    if isinstance(value, str):
        return _clean(value, limit)
    if isinstance(value, Decimal):
        return _finite(value)
    return value


def _finite(value: Decimal) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueInvalid("holds a number that is none.")
    return number


def _clean(text: str, limit: int) -> str:
    if is_unstorable(text):
        raise ValueInvalid("holds a character that no text has.")
    try:
        return clean_text(text, limit)
    except ValueError as error:
        raise ValueInvalid(f"has {error}.") from error
