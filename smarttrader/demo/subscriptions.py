"""What Alice pays for: a lifetime, and a small plan by the month."""

from datetime import datetime, timedelta
from decimal import Decimal

from billing.models import BillingCycle, Payment, Purpose, Subscription
from billing.services import by_hand
from billing.services.refunds import refund
from licensing.models import License, LicenseType
from smarttrader.demo.history import SPAN
from smarttrader.lib.actors import SYSTEM

DAY = timedelta(days=1)
# Four months before some twenty days after the demo's day.
BEGUN = 102 * DAY
RENEWALS = 3


def write_subscriptions(lifelong: License, monthly: License, day: datetime) -> None:
    """Pay by hand for two licenses, as a reseller marks it; a part is paid back."""
    _begin(lifelong, BillingCycle.LIFETIME, "Transfer 1001", day - SPAN)
    subscription = _begin(monthly, BillingCycle.MONTHLY, "Transfer 1002", day - BEGUN)
    for number in range(RENEWALS):
        by_hand.mark_as_paid(
            subscription=subscription,
            reference=f"Transfer {1003 + number}",
            actor=SYSTEM,
            now=subscription.current_period_end,
        )
        subscription.refresh_from_db()
    renewals = Payment.objects.filter(purpose=Purpose.RENEWAL, user_id=monthly.user_id)
    refund(
        payment=renewals.earliest("paid_at"),
        amount=Decimal("7.25"),
        refunded_before=Decimal(0),
        reason="a week without signals",
        actor=SYSTEM,
        now=day - BEGUN + 40 * DAY,
    )


def _begin(
    license: License, cycle: BillingCycle, reference: str, now: datetime
) -> Subscription:
    begun = by_hand.start_paid(
        user=license.user,
        license=license,
        plan_type=LicenseType(license.license_type),
        billing_cycle=cycle,
        reference=reference,
        actor=SYSTEM,
        now=now,
    )
    assert begun is not None  # noqa: S101 -- nobody paid by this reference before
    return begun
