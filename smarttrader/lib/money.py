"""Money and prices: each scale is fixed here once, and rounded half-up at the edge."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models

CENT = Decimal("0.01")
POINT = Decimal("0.00001")
FOUR_PLACES = Decimal("0.0001")


def rounded(amount: Decimal, step: Decimal = CENT) -> Decimal:
    """Return the amount at the step's scale, halves away from zero."""
    return amount.quantize(step, rounding=ROUND_HALF_UP)


class AmountField(models.DecimalField[Any, Any]):
    """A sum of money of one trade or one limit: DECIMAL(10,2)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 10)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(*args, **kwargs)


class TotalField(AmountField):
    """A sum over many trades: DECIMAL(15,2)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 15)
        super().__init__(*args, **kwargs)


class PriceField(models.DecimalField[Any, Any]):
    """A market price: DECIMAL(15,5)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 15)
        kwargs.setdefault("decimal_places", 5)
        super().__init__(*args, **kwargs)


class RatioField(models.DecimalField[Any, Any]):
    """A ratio without a unit: DECIMAL(10,4)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 10)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)
