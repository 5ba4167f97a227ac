"""What plans cost, and what the rest of a period is worth: rounded once, at the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from billing.models import LIFETIME_END, BillingCycle
from licensing.models import Plan
from smarttrader.lib.errors import DomainError

SECOND = timedelta(seconds=1)


class NotSold(DomainError):
    code = "NOT_SOLD"
    title = _("This plan is not sold for this cycle")
    kind = "conflict"


@dataclass(frozen=True)
class PaidPeriod:
    """[start, end), and the price that was paid for all of it."""

    start: datetime
    end: datetime
    price: Decimal


def price_of(plan: Plan, cycle: BillingCycle) -> Decimal:
    """Return what a plan costs for a cycle. Raises NotSold."""
    prices: dict[BillingCycle, Decimal | None] = {
        BillingCycle.MONTHLY: plan.monthly_price,
        BillingCycle.YEARLY: plan.yearly_price,
        BillingCycle.LIFETIME: plan.lifetime_price,
    }
    price = prices[cycle]
    if price is None:
        raise NotSold
    return price


def upgrade_price(
    periods: Iterable[PaidPeriod], new_price: Decimal, now: datetime
) -> Decimal:
    """Return what a dearer plan costs for the rest of what is paid, in whole cents.

    Of each period the difference of prices by its seconds that are left; of a lifetime
    all of it. The sum is exact and rounded half-up, once.
    """
    exact = sum(
        (
            Fraction(new_price - period.price) * _share_left(period, now)
            for period in periods
        ),
        Fraction(0),
    )
    return Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2)


def _share_left(period: PaidPeriod, now: datetime) -> Fraction:
    if period.end == LIFETIME_END:
        return Fraction(1)
    left = period.end - max(now, period.start)
    return Fraction(max(left // SECOND, 0), (period.end - period.start) // SECOND)
