"""What Stripe's events do. Payloads are of the API version that we pin."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import (
    BillingCycle,
    Dispute,
    Payment,
    Provider,
    ProviderEvent,
    Purpose,
    Subscription,
    SubscriptionStatus,
)
from billing.providers.stripe_api import API_VERSION, major_units
from billing.services import payments
from billing.services.cancelling import (
    cancel_at_period_end,
    cancel_now,
    undo_cancellation,
)
from billing.services.cycles import change_cycle
from billing.services.due import note_failed_payment
from billing.services.locks import locked_subscription, update_subscription
from billing.services.payments import Receipt
from billing.services.plans import upgrade_subscription
from billing.services.reversals import note_dispute, refund_payment
from billing.services.subscriptions import renew_subscription, start_subscription
from licensing.models import License, LicenseType
from smarttrader.lib.actors import SYSTEM
from smarttrader.lib.errors import DomainError

PERIOD_REASONS = ("subscription_create", "subscription_cycle", "subscription")
CHANGES: dict[str, Callable[..., bool]] = {
    Purpose.UPGRADE: upgrade_subscription,
    Purpose.CYCLE: change_cycle,
}
Told = dict[str, Any]


class NotKnownYet(DomainError):
    code = "NOT_KNOWN_YET"
    title = _("This came before the payment that it is about")
    kind = "conflict"


class NotUnderstood(DomainError):
    code = "NOT_UNDERSTOOD"
    title = _("This is not what we agreed on with Stripe")
    kind = "invalid"


def handle(event: ProviderEvent, *, now: datetime) -> UUID | None:
    """Do what an event tells; return whom it is about.

    What we do not listen to does nothing. Runs in the transaction that marks the event
    as handled. Raises NotKnownYet, NotUnderstood and what services raise.
    """
    step = STEPS.get(event.type)
    if step is None:
        return None
    if event.payload.get("api_version") != API_VERSION:
        raise NotUnderstood(f"the webhook must be made for version {API_VERSION}")
    return step(event.payload["data"]["object"], event.occurred_at, now)


def fulfil_checkout(session: Told, paid_at: datetime, now: datetime) -> UUID | None:
    """Give what a checkout paid for; the webhook and the success page both come here.

    One that is recurring is paid by its first invoice, where that is at hand.
    """
    if session["payment_status"] != "paid":
        return None
    if session["mode"] == "subscription":
        invoice = session.get("invoice")
        return (
            _invoice_paid(invoice, paid_at, now) if isinstance(invoice, dict) else None
        )
    receipt = _receipt(
        session["payment_intent"], session["amount_total"], session, paid_at
    )
    wanted = session["metadata"]
    change = CHANGES.get(wanted["purpose"])
    if change is None:
        return _start(wanted, receipt, session, None, now)
    subscription = Subscription.objects.get(pk=wanted["subscription_id"])
    change(
        subscription=subscription,
        plan_type=LicenseType(wanted["plan_type"]),
        billing_cycle=BillingCycle(wanted["billing_cycle"]),
        receipt=receipt,
        actor=SYSTEM,
        now=now,
    )
    return subscription.user_id


def _invoice_paid(invoice: Told, occurred_at: datetime, now: datetime) -> UUID | None:
    subscription = _known(invoice["subscription"])
    if invoice["billing_reason"] == "subscription_update" and not invoice["amount_due"]:
        # Of nothing: it answers that we told of another cycle.
        return subscription.user_id if subscription else None
    if invoice["billing_reason"] not in PERIOD_REASONS:
        raise NotUnderstood(f"an invoice for {invoice['billing_reason']}")
    paid_by = invoice.get("payment_intent") or invoice.get("charge") or invoice["id"]
    receipt = _receipt(paid_by, invoice["amount_paid"], invoice, occurred_at)
    if subscription is None:
        wanted = invoice["subscription_details"]["metadata"]
        return _start(wanted, receipt, invoice, invoice["subscription"], now)
    renew_subscription(
        subscription=subscription, receipt=receipt, actor=SYSTEM, now=now
    )
    _note_time(subscription, occurred_at, now)
    return subscription.user_id


def _invoice_failed(invoice: Told, occurred_at: datetime, now: datetime) -> UUID | None:
    subscription = _known(invoice["subscription"])
    if subscription is None:
        return None  # the first payment: nothing has begun
    payment = None
    if invoice.get("payment_intent"):
        receipt = _receipt(
            invoice["payment_intent"], invoice["amount_due"], invoice, occurred_at
        )
        payment = payments.note_failure(
            receipt=receipt, user=subscription.user, subscription_id=subscription.pk
        )
    if _note_time(subscription, occurred_at, now):
        note_failed_payment(
            subscription=subscription, failed_at=occurred_at, payment=payment, now=now
        )
    return subscription.user_id


def _subscription_updated(told: Told, occurred_at: datetime, now: datetime) -> UUID:
    """Follow what somebody did in the Customer Portal, unless we know better."""
    subscription = _required(told["id"])
    if not _note_time(subscription, occurred_at, now):
        return subscription.user_id
    locked = locked_subscription(subscription.pk)
    if locked.is_provider_behind:
        return subscription.user_id  # it answers what we have not told it yet
    is_ending = bool(told["cancel_at_period_end"])
    if is_ending and locked.status == SubscriptionStatus.ACTIVE:
        cancel_at_period_end(subscription=locked, actor=SYSTEM, now=now)
    elif not is_ending and locked.cancel_at_period_end and not locked.is_over(now):
        undo_cancellation(subscription=locked, actor=SYSTEM, now=now)
    update_subscription(locked, now=now, is_provider_behind=False)
    return subscription.user_id


def _subscription_deleted(told: Told, _occurred_at: datetime, now: datetime) -> UUID:
    subscription = _required(told["id"])
    # A lifetime is collected for no more, so Stripe's is deleted and ours goes on.
    if not subscription.is_over(now) and not subscription.is_lifetime:
        cancel_now(subscription=subscription, actor=SYSTEM, now=now)
    return subscription.user_id


def _charge_refunded(charge: Told, occurred_at: datetime, now: datetime) -> UUID | None:
    receipt = _receipt(_payment_of(charge), charge["amount"], charge, occurred_at)
    refunded = major_units(charge["amount_refunded"], charge["currency"])
    refund_payment(receipt=receipt, refunded=refunded, actor=SYSTEM, now=now)
    return _buyer(receipt)


def _dispute_opened(told: Told, occurred_at: datetime, now: datetime) -> UUID | None:
    return _dispute(told, Dispute.OPEN, occurred_at, now)


def _dispute_closed(told: Told, occurred_at: datetime, now: datetime) -> UUID | None:
    is_lost = told["status"] == "lost"
    return _dispute(told, Dispute.LOST if is_lost else Dispute.WON, occurred_at, now)


STEPS: dict[str, Callable[[Told, datetime, datetime], UUID | None]] = {
    "checkout.session.completed": fulfil_checkout,
    "checkout.session.async_payment_succeeded": fulfil_checkout,
    "invoice.paid": _invoice_paid,
    "invoice.payment_failed": _invoice_failed,
    "customer.subscription.updated": _subscription_updated,
    "customer.subscription.deleted": _subscription_deleted,
    "charge.refunded": _charge_refunded,
    "charge.dispute.created": _dispute_opened,
    "charge.dispute.closed": _dispute_closed,
}


def _start(
    wanted: Told, receipt: Receipt, told: Told, own_id: str | None, now: datetime
) -> UUID:
    user = User.objects.get(pk=wanted["user_id"])
    license_id = wanted.get("license_id")
    license = License.objects.get(pk=license_id) if license_id else None
    subscription = start_subscription(
        user=user,
        plan_type=LicenseType(wanted["plan_type"]),
        billing_cycle=BillingCycle(wanted["billing_cycle"]),
        receipt=receipt,
        license=license,
        provider_id=own_id,
        provider_customer_id=told.get("customer") or "",
        actor=SYSTEM,
        now=now,
    )
    if subscription is not None:
        _note_time(subscription, receipt.paid_at, now)
    return user.pk


def _dispute(
    told: Told, dispute: Dispute, occurred_at: datetime, now: datetime
) -> UUID | None:
    receipt = _receipt(_payment_of(told), told["amount"], told, occurred_at)
    note_dispute(receipt=receipt, dispute=dispute, actor=SYSTEM, now=now)
    return _buyer(receipt)


def _receipt(paid_by: str, amount: int, told: Told, paid_at: datetime) -> Receipt:
    currency = told["currency"].upper()
    return Receipt(
        provider=Provider.STRIPE,
        provider_id=paid_by,
        amount=major_units(amount, currency),
        currency=currency,
        paid_at=paid_at,
    )


def _payment_of(told: Told) -> str:
    """Return the id by which a charge's payment is known here."""
    charge: str = told["charge"] if told["object"] == "dispute" else told["id"]
    return told.get("payment_intent") or charge


def _buyer(receipt: Receipt) -> UUID | None:
    return Payment.objects.get(
        provider=receipt.provider, provider_id=receipt.provider_id
    ).user_id


def _known(own_id: str | None) -> Subscription | None:
    return Subscription.objects.filter(provider_id=own_id).first() if own_id else None


def _required(own_id: str) -> Subscription:
    subscription = _known(own_id)
    if subscription is None:
        raise NotKnownYet
    return subscription


def _note_time(
    subscription: Subscription, occurred_at: datetime, now: datetime
) -> bool:
    """Note how new the news are; return False if newer ones were heard before."""
    locked = locked_subscription(subscription.pk)
    if locked.provider_told_at is not None and occurred_at < locked.provider_told_at:
        return False
    update_subscription(locked, now=now, provider_told_at=occurred_at)
    return True
