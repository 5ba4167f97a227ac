"""Paying back: asked of the provider, then noted."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import Payment, PaymentStatus, Provider
from billing.providers.choosing import provider_named
from billing.services.payments import Receipt
from billing.services.reversals import refund_payment
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class NotRefundable(DomainError):
    code = "NOT_REFUNDABLE"
    title = _("No more can be paid back than what is left of a payment")
    kind = "conflict"
    field = "amount"


class RefundOutdated(DomainError):
    code = "REFUND_OUTDATED"
    title = _("Some of it was paid back meanwhile: look again")
    kind = "conflict"


def refund(
    *,
    payment: Payment,
    amount: Decimal,
    refunded_before: Decimal,
    reason: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """Pay back a part of a payment, or all; return False if that was done before.

    `refunded_before` is what was paid back when somebody decided on this: it makes a
    second click the same refund. The provider is asked outside of any transaction, and
    its own news may be quicker than we are. Locks and announces as refund_payment does.
    Raises NotRefundable, RefundOutdated, NotOnline and ProviderRefused.
    """
    if _is_done(payment, amount, refunded_before):
        return False
    provider_named(payment.provider).refund(payment, amount)
    with transaction.atomic():
        locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        if _is_done(locked, amount, refunded_before):
            return False
        return refund_payment(
            receipt=_receipt_of(locked),
            refunded=refunded_before + amount,
            reason=reason,
            actor=actor,
            now=now,
        )


def _is_done(payment: Payment, amount: Decimal, refunded_before: Decimal) -> bool:
    if amount <= 0:
        raise NotRefundable
    if payment.refunded_amount == refunded_before + amount:
        return True
    if payment.refunded_amount != refunded_before:
        raise RefundOutdated
    left = Decimal(payment.amount) - payment.reversed_amount
    if payment.status != PaymentStatus.SUCCEEDED or amount > left:
        raise NotRefundable
    return False


def _receipt_of(payment: Payment) -> Receipt:
    assert payment.paid_at is not None  # noqa: S101 -- it succeeded
    return Receipt(
        provider=Provider(payment.provider),
        provider_id=payment.provider_id,
        amount=Decimal(payment.amount),
        currency=payment.currency,
        paid_at=payment.paid_at,
    )
