"""Stripe by its own SDK: Checkout, Customer Portal, subscriptions, refunds."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from billing.models import (
    BillingCycle,
    Payment,
    Provider,
    Purpose,
    Subscription,
    SubscriptionStatus,
)
from billing.providers import NotOnline, Order, ProviderRefused
from smarttrader.lib.errors import DomainError

# The shape of what we send and read; the webhook's endpoint is made with it too.
API_VERSION = "2024-12-18.acacia"
SIGNATURE_TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = 10
INTERVALS = {BillingCycle.MONTHLY: "month", BillingCycle.YEARLY: "year"}
# Currencies without a hundredth (Stripe, "Zero-decimal currencies").
WHOLE_CURRENCIES = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)


class SignatureInvalid(DomainError):
    code = "SIGNATURE_INVALID"
    title = _("The signature is not Stripe's, or is too old")
    kind = "invalid"


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount as Stripe counts it: in cents, where there are any."""
    return int(amount if currency.upper() in WHOLE_CURRENCIES else amount * 100)


def major_units(amount: int, currency: str) -> Decimal:
    """Return an amount that Stripe tells."""
    is_whole = currency.upper() in WHOLE_CURRENCIES
    return Decimal(amount) if is_whole else Decimal(amount).scaleb(-2)


def verified_event(body: bytes, signature: str) -> dict[str, Any]:
    """Return what a webhook's raw bytes tell, once their signature proves right.

    Raises SignatureInvalid, also when the secret is not set.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise SignatureInvalid
    try:
        stripe.WebhookSignature.verify_header(
            body.decode(),
            signature,
            settings.STRIPE_WEBHOOK_SECRET,
            tolerance=SIGNATURE_TOLERANCE_SECONDS,
        )
        event = json.loads(body)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise SignatureInvalid from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise SignatureInvalid("This is not an event")
    return event


def moment_of(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class StripeProvider:
    name = Provider.STRIPE

    def __init__(self) -> None:
        if not settings.STRIPE_SECRET_KEY:
            raise NotOnline
        base = settings.STRIPE_API_URL
        self._stripe = stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            stripe_version=API_VERSION,
            base_addresses={"api": base} if base else None,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            max_network_retries=2,
        )

    def checkout_url(self, order: Order, *, done_url: str, back_url: str) -> str:
        params = _checkout(order, done_url=done_url, back_url=back_url)
        options: Any = {"idempotency_key": order.key} if order.key else {}
        session = self._call(
            lambda: self._stripe.v1.checkout.sessions.create(params, options)
        )
        return str(session.url)

    def checkout_session(self, session_id: str) -> dict[str, Any]:
        """Return a checkout with its invoice, as it stands."""
        params: Any = {"expand": ["invoice"]}
        session = self._call(
            lambda: self._stripe.v1.checkout.sessions.retrieve(session_id, params)
        )
        told: dict[str, Any] = session.to_dict()
        return told

    def portal_url(self, subscription: Subscription, *, back_url: str) -> str:
        if not subscription.provider_customer_id:
            raise NotOnline
        params: Any = {
            "customer": subscription.provider_customer_id,
            "return_url": back_url,
        }
        session = self._call(
            lambda: self._stripe.v1.billing_portal.sessions.create(params)
        )
        return str(session.url)

    def follow(self, subscription: Subscription) -> None:
        """Cancel, or let it go on, at the price of the next period.

        Nothing is prorated there: what an upgrade costs was paid for by itself.
        """
        own_id = subscription.provider_id
        if own_id is None:
            return
        is_cancelled = subscription.status == SubscriptionStatus.CANCELLED
        if is_cancelled and not subscription.cancel_at_period_end:
            self._cancel(own_id)
            return
        subscriptions = self._stripe.v1.subscriptions
        known = self._call(lambda: subscriptions.retrieve(own_id))
        params: Any = {"cancel_at_period_end": subscription.cancel_at_period_end}
        params |= _price_change(subscription, known.to_dict())
        self._call(lambda: subscriptions.update(own_id, params))

    def refund(self, payment: Payment, amount: Decimal) -> None:
        of = "charge" if payment.provider_id.startswith("ch_") else "payment_intent"
        params: Any = {
            of: payment.provider_id,
            "amount": minor_units(amount, payment.currency),
        }
        key: Any = {"idempotency_key": f"{payment.pk}-{payment.refunded_amount}"}
        self._call(lambda: self._stripe.v1.refunds.create(params, key))

    def _cancel(self, own_id: str) -> None:
        try:
            self._stripe.v1.subscriptions.cancel(own_id)
        except stripe.InvalidRequestError as error:
            if error.http_status not in (400, 404):  # it is gone already
                raise ProviderRefused from error
        except stripe.StripeError as error:
            raise ProviderRefused from error

    def _call(self, call: Any) -> Any:
        try:
            return call()
        except stripe.StripeError as error:
            raise ProviderRefused from error


def _checkout(order: Order, *, done_url: str, back_url: str) -> Any:
    metadata = {
        "purpose": str(order.purpose),
        "user_id": order.user_id,
        "plan_type": str(order.plan_type),
        "billing_cycle": str(order.billing_cycle),
        "license_id": order.license_id,
        "subscription_id": order.subscription_id,
    }
    interval = INTERVALS.get(order.billing_cycle)
    is_recurring = order.purpose == Purpose.START and interval is not None
    price: dict[str, Any] = {
        "currency": order.currency.lower(),
        "unit_amount": minor_units(order.amount, order.currency),
        "product_data": {"name": f"{order.plan_type.label} {order.billing_cycle}"},
    }
    if is_recurring:
        price["recurring"] = {"interval": interval}
    buyer = (
        {"customer": order.customer_id}
        if order.customer_id
        else {"customer_email": order.user_email}
    )
    return {
        "mode": "subscription" if is_recurring else "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": order.user_id,
        "metadata": metadata,
        # What the session tells is not on its invoices, nor on the payment.
        f"{'subscription' if is_recurring else 'payment_intent'}_data": {
            "metadata": metadata
        },
        "success_url": done_url,
        "cancel_url": back_url,
        **buyer,
    }


def _price_change(subscription: Subscription, known: dict[str, Any]) -> dict[str, Any]:
    amount = subscription.next_amount
    if amount is None:
        amount = subscription.amount
    wanted = minor_units(amount, subscription.currency)
    item = known["items"]["data"][0]
    price = item.get("price") or item["plan"]
    if (price.get("unit_amount") or price.get("amount")) == wanted:
        return {}
    return {
        "proration_behavior": "none",
        "items": [
            {
                "id": item["id"],
                "price_data": {
                    "currency": subscription.currency.lower(),
                    "product": price["product"],
                    "unit_amount": wanted,
                    "recurring": {
                        "interval": INTERVALS[BillingCycle(subscription.billing_cycle)]
                    },
                },
            }
        ],
    }
