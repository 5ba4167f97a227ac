"""Buying online: what is ordered before it is paid, and what a checkout paid for."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import BillingCycle, Purpose, Subscription
from billing.prices import price_of
from billing.providers import NotOnline, Order
from billing.providers.stripe_api import StripeProvider, moment_of
from billing.services.plans import quote_upgrade
from billing.services.stripe_events import fulfil_checkout
from billing.services.subscriptions import AlreadySubscribed
from licensing.models import License, LicenseType, Plan
from smarttrader.lib.errors import DomainError


class CheckoutUnknown(DomainError):
    code = "CHECKOUT_NOT_FOUND"
    title = _("You have no such checkout")
    kind = "missing"


def is_sold_online() -> bool:
    return bool(settings.STRIPE_SECRET_KEY)


def order_start(
    *,
    user: User,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    license: License | None,
) -> Order:
    """Return the order of a new subscription. Raises NotSold and AlreadySubscribed."""
    plan = Plan.objects.get(license_type=plan_type)
    price = price_of(plan, billing_cycle)
    if license is not None and license.subscriptions.live().exists():
        raise AlreadySubscribed
    return Order(
        purpose=Purpose.START,
        user_id=str(user.pk),
        user_email=user.email,
        plan_type=plan_type,
        billing_cycle=billing_cycle,
        amount=price,
        currency=plan.currency,
        license_id=str(license.pk) if license else "",
    )


def order_upgrade(
    *, subscription: Subscription, plan_type: LicenseType, now: datetime
) -> Order:
    """Return the order of an upgrade, at its price now.

    Raises NotOnline for what is not collected by Stripe, and what quote_upgrade does.
    """
    amount = quote_upgrade(subscription=subscription, plan_type=plan_type, now=now)
    if subscription.payment_method != StripeProvider.name:
        raise NotOnline
    return Order(
        purpose=Purpose.UPGRADE,
        user_id=str(subscription.user_id),
        user_email=subscription.user.email,
        plan_type=plan_type,
        billing_cycle=BillingCycle(subscription.billing_cycle),
        amount=amount,
        currency=subscription.currency,
        subscription_id=str(subscription.pk),
        customer_id=subscription.provider_customer_id,
    )


def finish_checkout(*, user: User, session_id: str, now: datetime) -> None:
    """Give what a checkout of the user's paid for; its webhook may have done so.

    Asks Stripe, outside of any transaction. Raises NotOnline, ProviderRefused and
    CheckoutUnknown.
    """
    session = StripeProvider().checkout_session(session_id)
    if session.get("client_reference_id") != str(user.pk):
        raise CheckoutUnknown
    with transaction.atomic():
        fulfil_checkout(session, moment_of(session["created"]), now)
