"""Money that a bank or we took back: refunds and disputes, by payment."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.models import (
    Dispute,
    Payment,
    PaymentStatus,
    Subscription,
    SubscriptionEventType,
)
from billing.services.audit import NONE_YET, note_event, terms_of
from billing.services.cancelling import cancel_now
from billing.services.invoices import credit_reversals
from billing.services.licenses import hold, is_paid_otherwise, release, revoke
from billing.services.locks import locked_subscription
from billing.services.payments import Receipt, find_or_mark
from billing.services.wording import LOST, refund_text
from billing.signals import payment_disputed, payment_refunded
from smarttrader.lib.actors import Actor

DISPUTES = {
    Dispute.OPEN: SubscriptionEventType.DISPUTED,
    Dispute.WON: SubscriptionEventType.DISPUTE_WON,
    Dispute.LOST: SubscriptionEventType.DISPUTE_LOST,
}


def refund_payment(
    *,
    receipt: Receipt,
    refunded: Decimal,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> bool:
    """Note how much of a payment was paid back so far; return whether that is news.

    All of it, of whichever period: the subscription is cancelled now and its license
    revoked, unless another one pays for that by now. A part: noted and credited only.
    Of a payment that nobody told of yet it leaves a marker, so that it is never
    fulfilled. Locks payment, subscription, license and counter of credit notes.
    Announces payment_refunded.
    """
    with transaction.atomic():
        payment = find_or_mark(receipt)
        refunded = min(refunded, Decimal(payment.amount) - Decimal(payment.lost_amount))
        if refunded <= payment.refunded_amount:
            return False  # told again, or out of order: the sum only grows
        subscription = _locked_subscription(payment)
        before = terms_of(subscription, payment) if subscription else NONE_YET
        payment.refunded_amount = refunded
        is_full = payment.reversed_amount == payment.amount
        if is_full:
            payment.status = PaymentStatus.REFUNDED
        payment.save()
        if subscription is not None:
            note_event(
                subscription,
                SubscriptionEventType.REFUNDED,
                before=before,
                actor=actor,
                now=now,
                payment=payment,
                reason=reason,
            )
        if is_full and subscription is not None:
            _end(subscription, "Refunded", actor=actor, now=now)
        credit_reversals(payment=payment, reason=refund_text(reason), now=now)
        if subscription is not None:
            payment_refunded.send(
                sender=Payment, subscription=subscription, payment=payment, now=now
            )
        return True


def note_dispute(
    *, receipt: Receipt, dispute: Dispute, actor: Actor, now: datetime
) -> bool:
    """Hold the license while a payment is disputed; return whether that is news.

    Won releases that hold, lost cancels, revokes and credits what is disputed, which is
    the receipt's amount; both are final, so that news of the opening that come later
    change nothing. Locks payment, subscription, license and counter of credit notes.
    Announces payment_disputed.
    """
    with transaction.atomic():
        payment = find_or_mark(receipt)
        if payment.dispute in (dispute, Dispute.WON, Dispute.LOST):
            return False
        subscription = _locked_subscription(payment)
        before = terms_of(subscription, payment) if subscription else NONE_YET
        payment.dispute = dispute
        if dispute == Dispute.LOST:
            kept = Decimal(payment.amount) - Decimal(payment.refunded_amount)
            payment.lost_amount = min(receipt.amount, kept)
        payment.save()
        if subscription is not None:
            note_event(
                subscription,
                DISPUTES[dispute],
                before=before,
                actor=actor,
                now=now,
                payment=payment,
            )
            _follow(dispute, payment, subscription, actor=actor, now=now)
        credit_reversals(payment=payment, reason=LOST, now=now)
        if subscription is not None:
            payment_disputed.send(
                sender=Payment, subscription=subscription, payment=payment, now=now
            )
        return True


def follow_what_came_first(
    payment: Payment, subscription: Subscription, *, actor: Actor, now: datetime
) -> None:
    """Leave events of what was taken back before the payment was fulfilled.

    While that is disputed, the license is held.
    """
    known = []
    if payment.refunded_amount:
        known.append(SubscriptionEventType.REFUNDED)
    if payment.dispute != Dispute.NONE:
        known.append(DISPUTES[Dispute(payment.dispute)])
    for each in known:
        before = terms_of(subscription, payment)
        note_event(
            subscription, each, before=before, actor=actor, now=now, payment=payment
        )
    if payment.dispute == Dispute.OPEN:
        hold(subscription.license, _reference(payment), actor=actor, now=now)


def _follow(
    dispute: Dispute,
    payment: Payment,
    subscription: Subscription,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    reference = _reference(payment)
    if dispute == Dispute.OPEN:
        hold(subscription.license, reference, actor=actor, now=now)
    elif dispute == Dispute.WON:
        release(subscription.license, reference, actor=actor, now=now)
    else:
        _end(subscription, "Dispute lost", actor=actor, now=now)
        # Where another one pays for the license it goes on, and nothing is open.
        release(subscription.license, reference, actor=actor, now=now)


def _end(
    subscription: Subscription, reason: str, *, actor: Actor, now: datetime
) -> None:
    cancel_now(subscription=subscription, actor=actor, now=now, reason=reason)
    if not is_paid_otherwise(subscription):
        revoke(subscription.license, reason, actor=actor, now=now)


def _reference(payment: Payment) -> str:
    return f"dispute {payment.pk}"


def _locked_subscription(payment: Payment) -> Subscription | None:
    if payment.subscription_id is None:
        return None
    exists = Subscription.objects.filter(pk=payment.subscription_id).exists()
    return locked_subscription(payment.subscription_id) if exists else None
