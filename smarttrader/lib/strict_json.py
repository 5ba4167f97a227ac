"""JSON as strictly as its readers need it, in time linear in its length.

Numbers with a point or an exponent are Decimals; NaN and infinities, also numbers that
are beyond every exponent, are left to whoever reads the value.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_DEPTH = 8
MAX_DIGITS = 20
MAX_CONTAINERS = 20_000
# Possessive, and content with a string that has no end: a body of many quotes and
# backslashes is otherwise read again from each of them.
BETWEEN_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^"\[\]{}]++', re.DOTALL)
AS_SQUARE = str.maketrans("{}", "[]")


class TooManyContainers(Exception):
    """More lists and objects than anybody sends; each costs the garbage collector."""


def parse(text: str) -> Any:
    """Return what a JSON text says.

    Raises ValueError for what is not JSON, nests deeper than 8 (the outermost counts
    1), has an integer of more than 20 digits, or a name twice in one object, and
    TooManyContainers.
    """
    _check_nesting(text)
    try:
        return _loads(text, Decimal)
    except InvalidOperation:
        return _loads(text, decimal_of)  # four times slower, and hardly ever needed
    except RecursionError as error:
        raise ValueError("it nests deeply and is cut off") from error


def decimal_of(literal: str) -> Decimal:
    """Return the number that a decimal literal writes.

    An exponent that no Decimal has makes it infinite or zero.
    """
    try:
        return Decimal(literal)
    except InvalidOperation:
        mantissa, _, exponent = literal.lower().partition("e")
    if exponent.startswith("-") or not Decimal(mantissa):
        return Decimal(0)
    return Decimal("Infinity").copy_sign(Decimal(mantissa))


def _loads(text: str, parse_float: Callable[[str], Decimal]) -> Any:
    return json.loads(
        text,
        parse_int=_bounded_integer,
        parse_float=parse_float,
        parse_constant=Decimal,
        object_pairs_hook=_without_duplicates,
    )


def _check_nesting(text: str) -> None:
    brackets = BETWEEN_BRACKETS.sub("", text).translate(AS_SQUARE)
    containers = brackets.count("[")
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace("[]", "")  # peels one layer off
    if "[]" in brackets or "[" * (MAX_DEPTH + 1) in brackets:
        raise ValueError(f"it nests deeper than {MAX_DEPTH}")
    if containers > MAX_CONTAINERS:
        raise ValueError("it is cut off") if brackets else TooManyContainers


def _bounded_integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
    return int(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands in it twice")
    return values
