"""How figures, moments and people are written on every page."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext

from smarttrader.lib import clock
from smarttrader.lib.localization import localized_figure
from smarttrader.lib.money import rounded

register = template.Library()

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"
Number = Decimal | int | str | None

# ISO 4217: currencies whose smallest unit is not a hundredth.
NO_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])

# In this order: a browser also claims to be those that came before it.
BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}

TENTH, TEN, THOUSAND = Decimal("0.1"), Decimal(10), Decimal(1000)

# Rates such as EURUSD stay below the first, rates in yen below the second.
RATE, YEN_RATE = 20, 1000

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@register.filter
def money(amount: Number, currency: str = "") -> str:
    """Write an amount with thousands separators and the currency's decimals."""
    if _is_missing(amount):
        return NOTHING
    return _written(Decimal(str(amount)), _decimals(currency))


@register.filter
def signed_money(amount: Number, currency: str = "") -> str:
    """Write an amount like `money`, with a plus before a gain."""
    text = money(amount, currency)
    is_gain = not _is_missing(amount) and Decimal(str(amount)) > 0
    # What rounds to nothing is neither a gain nor a loss.
    return f"+{text}" if is_gain and re.search("[1-9]", text) else text


@register.filter
def short_money(amount: Decimal) -> str:
    """Write an amount in five signs at most, where there is no room: +1.2k."""
    size, unit = abs(amount), ""
    for larger in ("k", "M", "G"):
        if rounded(size, Decimal(1)) < THOUSAND:
            break
        size, unit = size / THOUSAND, larger
    text = _written(size, 1 if rounded(size, TENTH) < TEN else 0) + unit
    if not re.search("[1-9]", text):
        return text
    return f"{MINUS if amount < 0 else '+'}{text}"


@register.filter
def digits(currency: str) -> int:
    """Return how many decimals a currency is written with."""
    return _decimals(currency)


@register.filter
def price(quote: Decimal | None) -> str:
    """Write a market price with the decimals that brokers quote such a price with."""
    if quote is None:
        return NOTHING
    usual = 5 if quote < RATE else 3 if quote < YEN_RATE else 2
    digits = -int(quote.normalize().as_tuple().exponent)
    return localized_figure(f"{quote:.{max(usual, digits)}f}")


@register.filter
def percent(value: Number, decimals: int = 1) -> str:
    """Write a value that counts hundredths already: 2.44 becomes 2.4%."""
    if _is_missing(value):
        return NOTHING
    figure = _written(Decimal(str(value)), decimals)
    return gettext("%(figure)s%%") % {"figure": figure}


@register.filter
def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Write how long ago a moment was, in its largest whole unit up to days."""
    if moment is None:
        return gettext("never")
    elapsed = (now or clock.now()) - moment
    if elapsed < MINUTE:
        # Clocks of two machines differ, so the near future is now as well.
        return gettext("just now")
    if elapsed < HOUR:
        return gettext("%(count)d min ago") % {"count": elapsed // MINUTE}
    if elapsed < DAY:
        return gettext("%(count)d h ago") % {"count": elapsed // HOUR}
    days = elapsed // DAY
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


@register.filter
def of(values: Mapping[Any, Any], key: Any) -> Any:
    """Return what is kept under a key that is not known by name, or None."""
    return values.get(key) if values else None


@register.filter
def held(opened_at: datetime, ended_at: datetime) -> str:
    """Write how long a trade was open, in seconds up to a minute."""
    elapsed = max(ended_at - opened_at, timedelta())
    if elapsed >= MINUTE:
        return timesince(opened_at, ended_at)
    return ngettext("%(count)d second", "%(count)d seconds", elapsed.seconds) % {
        "count": elapsed.seconds
    }


@register.filter
def initials(name: str) -> str:
    """Return at most two letters for a person's picture, from a name or an e-mail."""
    words = re.split(r"[\s._+-]+", name.partition("@")[0].strip())
    letters = [word[0].upper() for word in words if word]
    return "".join([*letters[:1], *letters[1:][-1:]]) or "?"


@register.filter
def device(user_agent: str) -> str:
    """Return the browser and the system that a User-Agent header claims to be."""
    browser = _first_named(BROWSERS, user_agent)
    system = _first_named(SYSTEMS, user_agent)
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {
            "browser": browser,
            "system": system,
        }
    return browser or system or gettext("Unknown device")


def _first_named(names: dict[str, str], user_agent: str) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")


def _is_missing(value: Number) -> bool:
    return value is None or value == ""


def _decimals(currency: str) -> int:
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def _written(value: Decimal, decimals: int) -> str:
    shown = rounded(value, Decimal(1).scaleb(-decimals))
    text = localized_figure(f"{abs(shown):,.{decimals}f}")
    return f"{MINUS}{text}" if shown < 0 else text
