"""Payments: each is taken once, whoever tells of it and how often."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from billing.models import Dispute, Payment, PaymentStatus, Provider, Purpose


@dataclass(frozen=True)
class Receipt:
    """Money that came in: the provider's id of it makes it one and the same."""

    provider: Provider
    provider_id: str
    amount: Decimal
    currency: str
    paid_at: datetime
    reseller_id: UUID | None = None  # who collected it, when the vendor did not


def find_or_mark(receipt: Receipt) -> Payment:
    """Return the locked payment of a receipt; if it is new, a marker that waits for it.

    Of two at once one waits for the other to commit. This lock comes before those of
    subscription and license.
    """
    Payment.objects.bulk_create(
        [
            Payment(
                provider=receipt.provider,
                provider_id=receipt.provider_id,
                purpose=Purpose.UNKNOWN,
                status=PaymentStatus.PENDING,
                amount=receipt.amount,
                currency=receipt.currency,
            )
        ],
        ignore_conflicts=True,
    )
    return Payment.objects.select_for_update(no_key=True).get(
        provider=receipt.provider, provider_id=receipt.provider_id
    )


def is_to_fulfil(payment: Payment) -> bool:
    """Tell whether a payment is still to be given its worth.

    Not when it was, and not when it was refunded or lost in a dispute before it was.
    """
    is_waiting = payment.status in (PaymentStatus.PENDING, PaymentStatus.FAILED)
    return is_waiting and payment.dispute != Dispute.LOST


def note_fulfilled(
    payment: Payment,
    *,
    receipt: Receipt,
    purpose: Purpose,
    user: User,
    subscription_id: UUID,
) -> None:
    """Write what a payment was for, with who bought as they are now."""
    payment.purpose = purpose
    payment.status = PaymentStatus.SUCCEEDED
    payment.amount, payment.currency = receipt.amount, receipt.currency
    payment.paid_at, payment.reseller_id = receipt.paid_at, receipt.reseller_id
    _note_buyer(payment, user, subscription_id)
    payment.save()


def note_unfulfilled(
    payment: Payment, *, user: User, subscription_id: UUID | None
) -> None:
    """Write whose a payment was that was taken back before it could be fulfilled."""
    if payment.user_id is None:
        _note_buyer(payment, user, subscription_id)
        payment.save()


def note_failure(
    *, receipt: Receipt, user: User, subscription_id: UUID
) -> Payment | None:
    """Note that a provider could not collect; return None if it did in the end."""
    with transaction.atomic():
        payment = find_or_mark(receipt)
        if not is_to_fulfil(payment):
            return None
        payment.status = PaymentStatus.FAILED
        payment.purpose = Purpose.RENEWAL
        _note_buyer(payment, user, subscription_id)
        payment.save()
        return payment


def _note_buyer(payment: Payment, user: User, subscription_id: UUID | None) -> None:
    payment.subscription_id, payment.user_id = subscription_id, user.pk
    payment.buyer_name, payment.buyer_email = user.get_full_name(), user.email
