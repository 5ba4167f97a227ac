"""Django's filter `date`, in the reader's language; every template has it."""

from datetime import date as day

from django import template
from django.template import defaultfilters

from smarttrader.lib.localization import localized_date_format

register = template.Library()


@register.filter(expects_localtime=True, is_safe=False)
def date(value: day | str | None, english: str | None = None) -> str:
    """Write a date by an English format, or by what its reader writes instead."""
    shown = english and localized_date_format(english)
    return str(defaultfilters.date(value, shown))
