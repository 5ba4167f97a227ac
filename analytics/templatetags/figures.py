"""How ratios of trades are written."""

from decimal import Decimal
from typing import Protocol

from django import template
from django.utils.translation import gettext

from accounts.templatetags.ui import MINUS, NOTHING, money
from smarttrader.lib.localization import localized_figure

register = template.Library()


class Factored(Protocol):
    """What trades amount to: of a period, of a part, of all time."""

    @property
    def gross_profit(self) -> Decimal: ...
    @property
    def profit_factor(self) -> Decimal | None: ...


@register.filter
def factor(figures: Factored) -> str:
    """Write a profit factor, which has no number where nothing was lost."""
    if figures.profit_factor is not None:
        return money(figures.profit_factor)
    return gettext("No losses") if figures.gross_profit > 0 else NOTHING


@register.filter
def ratio(value: Decimal | None) -> str:
    """Write a ratio per trade with its four decimals: most are below a tenth."""
    if value is None:
        return NOTHING
    text = localized_figure(f"{abs(value):,.4f}")
    return f"{MINUS}{text}" if value < 0 else text
