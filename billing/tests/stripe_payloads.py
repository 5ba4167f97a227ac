"""What Stripe sends, in its documented shape, signed as it signs."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.test import Client

from accounts.models import User
from billing.providers.stripe_api import API_VERSION

SECRET = "whsec_" + "t" * 32
NUMBERS = count(1)
PATH = "/webhooks/stripe/"
Told = dict[str, Any]


def event(type: str, told: Told, *, at: datetime, event_id: str = "") -> Told:  # noqa: A002
    return {
        "id": event_id or f"evt_{next(NUMBERS)}",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(at.timestamp()),
        "type": type,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": told},
    }


def wanted(user: User, **more: str) -> dict[str, str]:
    """Return the metadata that our checkout gives along."""
    return {
        "purpose": "start",
        "user_id": str(user.pk),
        "plan_type": "PRO",
        "billing_cycle": "monthly",
        "license_id": "",
        "subscription_id": "",
        **more,
    }


def invoice(
    user: User,
    payment_intent: str,
    *,
    subscription: str = "sub_1",
    reason: str = "subscription_create",
    amount: int = 5900,
) -> Told:
    return {
        "id": f"in_{payment_intent}",
        "object": "invoice",
        "billing_reason": reason,
        "amount_due": amount,
        "amount_paid": amount,
        "currency": "usd",
        "customer": "cus_1",
        "payment_intent": payment_intent,
        "charge": f"ch_{payment_intent}",
        "status": "paid",
        "subscription": subscription,
        "subscription_details": {"metadata": wanted(user)},
    }


def charge(payment_intent: str, *, refunded: int, amount: int = 5900) -> Told:
    return {
        "id": f"ch_{payment_intent}",
        "object": "charge",
        "amount": amount,
        "amount_refunded": refunded,
        "refunded": refunded == amount,
        "currency": "usd",
        "customer": "cus_1",
        "payment_intent": payment_intent,
    }


def dispute(payment_intent: str, status: str = "needs_response") -> Told:
    return {
        "id": f"dp_{payment_intent}",
        "object": "dispute",
        "amount": 5900,
        "charge": f"ch_{payment_intent}",
        "currency": "usd",
        "payment_intent": payment_intent,
        "reason": "fraudulent",
        "status": status,
    }


def subscription(*, is_ending: bool = False, own_id: str = "sub_1") -> Told:
    return {
        "id": own_id,
        "object": "subscription",
        "cancel_at_period_end": is_ending,
        "customer": "cus_1",
        "status": "active",
    }


def checkout(user: User, payment_intent: str, **more: Any) -> Told:
    """Return a checkout that paid once: a lifetime, or an upgrade."""
    return {
        "id": f"cs_{payment_intent}",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": payment_intent,
        "amount_total": 139000,
        "currency": "usd",
        "customer": "cus_1",
        "metadata": wanted(user, billing_cycle="lifetime"),
        **more,
    }


def signature(body: bytes, *, secret: str = SECRET, age: int = 0) -> str:
    """Return the header of a body, signed so many seconds ago."""
    told_at = int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{told_at}.".encode() + body, hashlib.sha256)
    return f"t={told_at},v1={digest.hexdigest()}"


def send(told: Told, *, client: Client | None = None) -> int:
    """Send an event as Stripe does; return the status of the answer."""
    body = json.dumps(told, indent=2).encode()
    answer = (client or Client()).post(
        PATH,
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature(body)},
    )
    return answer.status_code


def at(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)
