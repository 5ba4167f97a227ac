"""The form of a license key: SST-XXXXX-XXXXX-XXXXX-XXXXX-CC.

X is one of 32 symbols (Crockford's base32: digits and letters without I, L, O, U), 100
random bits in all. CC is their number modulo 1021, as two symbols, so that a mistyped
key is told from an unknown one without a look into the database.
"""

import re
import secrets

from django.utils.translation import gettext_lazy as _

from smarttrader.lib.errors import DomainError

PREFIX = "SST"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS_PER_SYMBOL = 5
RANDOM_SYMBOLS = 20
CHECK_SYMBOLS = 2
CHECK_MODULUS = 1021  # the largest prime that two symbols hold
LONGEST_INPUT = 100

CANONICAL = re.compile(rf"{PREFIX}([{ALPHABET}]{{20}})([{ALPHABET}]{{2}})")
LOOK_ALIKES = str.maketrans("OIL", "011")


class KeyMalformed(DomainError):
    code = "KEY_MALFORMED"
    title = _("This is not a license key: please check it for typing errors")
    kind = "invalid"


def generate_key() -> str:
    """Return a new key in its printed form, with dashes."""
    number = secrets.randbits(RANDOM_SYMBOLS * BITS_PER_SYMBOL)
    return printed_key(f"{PREFIX}{_symbols(number, RANDOM_SYMBOLS)}{_check(number)}")


def printed_key(canonical: str) -> str:
    """Return a canonical key with its dashes."""
    symbols = canonical.removeprefix(PREFIX)
    groups = [symbols[start : start + 5] for start in range(0, len(symbols), 5)]
    return "-".join([PREFIX, *groups])


def canonical_key(text: str) -> str:
    """Return the one spelling of a key: upper case, without dashes or spaces.

    Forgives case, missing dashes, spaces, and O for 0, I or L for 1. Raises
    KeyMalformed.
    """
    if len(text) > LONGEST_INPUT:
        raise KeyMalformed
    bare = re.sub(r"[\s-]", "", text)
    key = bare.upper().translate(LOOK_ALIKES)
    match = CANONICAL.fullmatch(key)
    # Upper case makes SS of one letter and S of another: nobody types a key with them,
    # and what looks for keys in log lines could not know them all.
    if match is None or not bare.isascii() or _check(_number(match[1])) != match[2]:
        raise KeyMalformed
    return key


def key_tail(key: str) -> str:
    """Return the two characters that a masked key shows."""
    return canonical_key(key)[-CHECK_SYMBOLS:]


def _check(number: int) -> str:
    return _symbols(number % CHECK_MODULUS, CHECK_SYMBOLS)


def _symbols(number: int, count: int) -> str:
    shifts = range((count - 1) * BITS_PER_SYMBOL, -1, -BITS_PER_SYMBOL)
    return "".join(ALPHABET[number >> shift & 31] for shift in shifts)


def _number(symbols: str) -> int:
    number = 0
    for symbol in symbols:
        number = number << BITS_PER_SYMBOL | ALPHABET.index(symbol)
    return number
