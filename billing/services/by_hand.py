"""Payments that staff or a reseller collected themselves."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import BillingCycle, Provider, Subscription
from billing.prices import price_of
from billing.services.payments import Receipt
from billing.services.subscriptions import renew_subscription, start_subscription
from licensing.models import License, LicenseType, Plan
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class ReferenceMissing(DomainError):
    code = "REFERENCE_MISSING"
    title = _("Name the payment, so that it counts once")
    kind = "invalid"


def mark_as_paid(
    *, subscription: Subscription, reference: str, actor: Actor, now: datetime
) -> bool:
    """Take the price of the next period as paid; return False if it was before.

    The same reference for the same subscription is the same payment: a double click
    pays once. Locks and raises as renew_subscription does, and ReferenceMissing.
    """
    amount = subscription.next_amount
    if amount is None:
        amount = subscription.amount
    return renew_subscription(
        subscription=subscription,
        receipt=_receipt(
            f"{subscription.pk} {_named(reference)}", amount, subscription.currency, now
        ),
        actor=actor,
        now=now,
    )


def start_paid(
    *,
    user: User,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    reference: str,
    actor: Actor,
    now: datetime,
    license: License | None = None,
) -> Subscription | None:
    """Begin a subscription that was paid by hand; None if this reference did before.

    Locks and raises as start_subscription does, and ReferenceMissing.
    """
    plan = Plan.objects.get(license_type=plan_type)
    amount = price_of(plan, billing_cycle)
    return start_subscription(
        user=user,
        plan_type=plan_type,
        billing_cycle=billing_cycle,
        receipt=_receipt(f"{user.pk} {_named(reference)}", amount, plan.currency, now),
        license=license,
        actor=actor,
        now=now,
    )


def _named(reference: str) -> str:
    if not reference.strip():
        raise ReferenceMissing
    return reference.strip()


def _receipt(
    provider_id: str, amount: Decimal, currency: str, now: datetime
) -> Receipt:
    return Receipt(
        provider=Provider.MANUAL,
        provider_id=provider_id,
        amount=amount,
        currency=currency,
        paid_at=now,
    )
