"""What a bot's settings may be: ranges, and the structure of those that are JSON.

docs/bot-settings.schema.json is the same as JSON Schema; a test keeps both equal.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext_lazy as _
from msgspec import Meta

from smarttrader.lib.errors import DomainError
from smarttrader.lib.money import CENT, rounded
from smarttrader.lib.text import clean_text

MOST_PIPS = 100_000
MOST_TRADES = 10_000
SMALLEST_RISK, LARGEST_RISK = Decimal("0.1"), Decimal(10)
SMALLEST_DRAWDOWN, LARGEST_DRAWDOWN = Decimal("0.1"), Decimal(100)
LARGEST_AMOUNT = Decimal("99999999.99")  # NUMERIC(10,2)

MOST_PAIRS, MOST_SESSIONS, MOST_STRATEGIES = 100, 20, 50
LONGEST_NAME = 50
DAYS = "^1?2?3?4?5?6?7?$"
# A comma would part one pair in two where the EA reads them joined.
PAIR = r"^[!-+\--~]{1,20}$"
TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9]"
CURRENCY_CODE = "[A-Z]{3}"
# Empty: nobody saved the limits yet.
CURRENCY = f"^({CURRENCY_CODE})?$"
START, END = f"^{TIME_OF_DAY}$", f"^({TIME_OF_DAY}|24:00)$"

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Pair = Annotated[str, Meta(pattern=PAIR)]


class TradingSession(msgspec.Struct, forbid_unknown_fields=True):
    """When the bot may open trades, in UTC; it may end after midnight."""

    name: Name
    days: Annotated[
        str,
        Meta(
            min_length=1,
            pattern=DAYS,
            description="Days of the week on which it starts: 1 is Monday, 7 Sunday.",
        ),
    ]
    start: Annotated[str, Meta(pattern=START)]
    end: Annotated[str, Meta(pattern=END)]


class Strategy(msgspec.Struct, forbid_unknown_fields=True):
    """A strategy of the EA, by the name that the EA gives it."""

    name: Name
    enabled: bool


Pairs = Annotated[list[Pair], Meta(max_length=MOST_PAIRS)]
Sessions = Annotated[list[TradingSession], Meta(max_length=MOST_SESSIONS)]
Strategies = Annotated[list[Strategy], Meta(max_length=MOST_STRATEGIES)]


class SettingsInvalid(DomainError):
    code = "SETTINGS_INVALID"
    title = _("A setting has no such value")
    kind = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def checked_settings(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as their columns take them. Raises SettingsInvalid."""
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in CHECKS:
            known = ", ".join(CHECKS)
            raise SettingsInvalid(name, f"there is no such setting; there are {known}")
        try:
            checked[name] = CHECKS[name](value)
        except ValueError as error:  # msgspec.ValidationError is one
            raise SettingsInvalid(name, str(error)) from error
    return checked


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings that are JSON."""
    names = ("trading_pairs", "trading_sessions", "strategies_enabled")
    types = (Pairs, Sessions, Strategies)
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bot settings",
        "type": "object",
        "properties": dict(zip(names, schemas, strict=True)),
        "$defs": components,
    }


def _amount(smallest: Decimal, largest: Decimal) -> Callable[[Any], Decimal]:
    def check(value: Any) -> Decimal:
        if isinstance(value, bool | float):
            raise ValueError("a decimal number as text, or an integer")  # noqa: TRY004
        try:
            amount = Decimal(str(value))
        except InvalidOperation as error:
            raise ValueError("not a number") from error
        if not amount.is_finite() or not smallest <= amount <= largest:
            raise ValueError(f"from {smallest} to {largest}")
        return rounded(amount, CENT)

    return check


def _optional(check: Callable[[Any], Decimal]) -> Callable[[Any], Decimal | None]:
    return lambda value: None if value is None else check(value)


def _currency(value: Any) -> str:
    code: str = msgspec.convert(
        value, Annotated[str, Meta(pattern=CURRENCY, max_length=3)]
    )
    return code


def _integer(smallest: int, largest: int) -> Callable[[Any], int]:
    type_ = Annotated[int, Meta(ge=smallest, le=largest)]
    return lambda value: msgspec.convert(value, type_)


def _boolean(value: Any) -> bool:
    return msgspec.convert(value, bool)


def _pairs(value: Any) -> list[str]:
    pairs = msgspec.convert(value, Pairs)
    if len(set(pairs)) != len(pairs):
        raise ValueError("a pair stands in it twice")
    _check_plain(pairs)
    return pairs


def _check_plain(texts: Iterable[Any]) -> None:
    # Also a line break at the end, which a pattern's $ lets pass.
    if any(isinstance(text, str) and clean_text(text, 50) != text for text in texts):
        raise ValueError("text is plain, without markup, line breaks or outer spaces")


def _structures(type_: Any) -> Callable[[Any], list[dict[str, Any]]]:
    def check(value: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = msgspec.to_builtins(msgspec.convert(value, type_))
        names = [item["name"] for item in items]
        if len(set(names)) != len(names):
            raise ValueError("a name stands in it twice")
        for item in items:
            _check_plain(item.values())
        return items

    return check


CHECKS: dict[str, Callable[[Any], Any]] = {
    "risk_percentage": _amount(SMALLEST_RISK, LARGEST_RISK),
    "max_daily_loss": _amount(Decimal(0), LARGEST_AMOUNT),
    "max_trades_per_day": _integer(0, MOST_TRADES),
    "trading_pairs": _pairs,
    "trading_sessions": _structures(Sessions),
    "strategies_enabled": _structures(Strategies),
    "stop_loss_pips": _integer(0, MOST_PIPS),
    "take_profit_pips": _integer(0, MOST_PIPS),
    "trailing_stop": _boolean,
    "auto_trade": _boolean,
    "notifications_enabled": _boolean,
    "guard_enabled": _boolean,
    "limits_currency": _currency,
    "max_drawdown_percentage": _optional(_amount(SMALLEST_DRAWDOWN, LARGEST_DRAWDOWN)),
}
