"""Subscriptions as services make them, and money as providers tell of it."""

from datetime import datetime
from decimal import Decimal
from itertools import count

from accounts.models import User
from billing.models import BillingCycle, Provider, Subscription
from billing.services.payments import Receipt
from billing.services.subscriptions import renew_subscription, start_subscription
from licensing.models import License, LicenseType
from smarttrader.lib.actors import SYSTEM

NUMBERS = count(1)


def receipt(
    paid_at: datetime,
    amount: str = "59.00",
    *,
    provider_id: str = "",
    provider: Provider = Provider.MANUAL,
) -> Receipt:
    """Return money that came in; a new payment unless its id is given."""
    return Receipt(
        provider=provider,
        provider_id=provider_id or f"payment-{next(NUMBERS)}",
        amount=Decimal(amount),
        currency="USD",
        paid_at=paid_at,
    )


def subscribed(
    user: User,
    now: datetime,
    *,
    plan_type: LicenseType = LicenseType.PRO,
    billing_cycle: BillingCycle = BillingCycle.MONTHLY,
    license: License | None = None,
    provider_id: str = "",
) -> Subscription:
    """Return a subscription that a payment began."""
    subscription = start_subscription(
        user=user,
        plan_type=plan_type,
        billing_cycle=billing_cycle,
        receipt=receipt(now, provider_id=provider_id),
        actor=SYSTEM,
        license=license,
        now=now,
    )
    assert subscription is not None
    return subscription


def license_of(subscription: Subscription) -> License:
    """Return the license of a subscription as it stands in the database."""
    return License.objects.get(subscriptions=subscription)


def renew(subscription: Subscription, now: datetime, provider_id: str = "") -> bool:
    """Pay for the next period, and read the subscription again."""
    is_new = renew_subscription(
        subscription=subscription,
        receipt=receipt(now, provider_id=provider_id),
        actor=SYSTEM,
        now=now,
    )
    subscription.refresh_from_db()
    return is_new
