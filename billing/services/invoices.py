"""Invoices: numbered without a gap, one for each payment."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from billing.models import Invoice, InvoiceCounter, Payment


def issue_invoice(
    *, payment: Payment, lines: Sequence[tuple[str, Decimal]], now: datetime
) -> Invoice:
    """Issue the invoice of a payment, in the transaction that takes the payment.

    Locks the year's counter until that ends, so a number that was drawn is used or
    given back: no gap, no twin. It is the last lock that a payment takes.
    """
    year = now.astimezone(UTC).year
    subscription_id, user_id = payment.subscription_id, payment.user_id
    assert subscription_id is not None  # noqa: S101 -- it was fulfilled
    assert user_id is not None  # noqa: S101
    with transaction.atomic():
        return Invoice.objects.create(
            year=year,
            sequence=_next_number(year),
            payment_id=payment.pk,
            subscription_id=subscription_id,
            user_id=user_id,
            buyer_name=payment.buyer_name,
            buyer_email=payment.buyer_email,
            lines=[{"text": text, "amount": str(amount)} for text, amount in lines],
            total=payment.amount,
            currency=payment.currency,
            issued_at=now,
        )


def _next_number(year: int) -> int:
    counter = InvoiceCounter(year=year, last=0)
    InvoiceCounter.objects.bulk_create([counter], ignore_conflicts=True)
    InvoiceCounter.objects.filter(year=year).update(last=F("last") + 1)
    return InvoiceCounter.objects.get(year=year).last
