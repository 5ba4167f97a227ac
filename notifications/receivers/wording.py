"""Moments and amounts, in the language of whoever is told."""

from datetime import datetime
from decimal import Decimal

from django.utils.functional import lazy
from django.utils.text import format_lazy

from accounts.templatetags.ui import money
from notifications.services.telling import Words
from smarttrader.lib.localization import localized_date

_date = lazy(localized_date, str)
_money = lazy(money, str)


def day_of(at: datetime) -> Words:
    return _date(at, "j M Y")


def moment_of(at: datetime) -> Words:
    return _date(at, "j M Y H:i")


def amount_of(amount: Decimal, currency: str) -> Words:
    return format_lazy("{} {}", _money(amount, currency), currency)
