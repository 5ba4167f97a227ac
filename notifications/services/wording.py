"""Moments and amounts, in the language and the zone of whoever is told."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy

from accounts.templatetags.ui import money
from notifications.services.telling import Words
from smarttrader.lib.localization import localized_date, localized_day


def _moment(at: datetime) -> str:
    there = timezone.localtime(at)
    # Django's format `e` is silent in the hour that comes twice.
    return f"{localized_date(there, 'j M Y H:i')} {there.tzname()}"


# In the reader's zone, which `tell` makes the current one.
day_of = lazy(localized_day, str)
# With its zone: who reads it may have moved meanwhile.
moment_of = lazy(_moment, str)
_money = lazy(money, str)


def amount_of(amount: Decimal, currency: str) -> Words:
    return format_lazy("{} {}", _money(amount, currency), currency)
