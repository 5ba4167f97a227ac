"""Invoices, one for each payment, and credit notes: numbered without a gap."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils import translation
from django.utils.functional import Promise

from billing.models import (
    CreditNote,
    CreditNoteCounter,
    Invoice,
    InvoiceCounter,
    Payment,
)

Lines = Sequence[tuple[str | Promise, Decimal]]


def issue_invoice(
    *, payment: Payment, lines: Lines, language: str, now: datetime
) -> Invoice:
    """Issue the invoice of a payment, in the transaction that takes the payment.

    Locks the year's counter until that ends, so a number that was drawn is used or
    given back: no gap, no twin. Counters are the last locks that a payment takes.
    """
    subscription_id, user_id = payment.subscription_id, payment.user_id
    assert subscription_id is not None  # noqa: S101 -- it was fulfilled
    assert user_id is not None  # noqa: S101
    with transaction.atomic():
        return Invoice.objects.create(
            **_numbered(InvoiceCounter, now),
            payment_id=payment.pk,
            subscription_id=subscription_id,
            user_id=user_id,
            buyer_name=payment.buyer_name,
            buyer_email=payment.buyer_email,
            lines=_written(lines, language),
            total=payment.amount,
            currency=payment.currency,
            language=language,
        )


def credit_reversals(
    *, payment: Payment, reason: str | Promise, now: datetime
) -> CreditNote | None:
    """Issue a credit note of what went back of a payment since the last one, if any.

    In the language of its invoice. What was never invoiced is not credited. The caller
    holds the payment's lock. Locks the year's counter.
    """
    invoice = Invoice.objects.filter(payment_id=payment.pk).first()
    if invoice is None:
        return None
    with transaction.atomic():
        credited = invoice.credit_notes.aggregate(total=Sum("total"))["total"] or 0
        amount = payment.reversed_amount - credited
        if amount <= 0:
            return None
        return CreditNote.objects.create(
            **_numbered(CreditNoteCounter, now),
            invoice=invoice,
            payment_id=payment.pk,
            subscription_id=invoice.subscription_id,
            user_id=invoice.user_id,
            buyer_name=invoice.buyer_name,
            buyer_email=invoice.buyer_email,
            lines=_written([(reason, amount)], invoice.language),
            total=amount,
            currency=invoice.currency,
            language=invoice.language,
        )


def _written(lines: Lines, language: str) -> list[dict[str, str]]:
    with translation.override(language):
        return [{"text": str(text), "amount": str(amount)} for text, amount in lines]


def _numbered(
    model: type[InvoiceCounter | CreditNoteCounter], now: datetime
) -> dict[str, Any]:
    year = now.astimezone(UTC).year
    counters: Any = model._default_manager  # noqa: SLF001 -- of either model
    counters.bulk_create([model(year=year, last=0)], ignore_conflicts=True)
    counters.filter(year=year).update(last=F("last") + 1)
    return {
        "year": year,
        "sequence": counters.get(year=year).last,
        "issued_at": now,
    }
