"""Refunds and disputes as providers tell of them, a day after the start."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from billing.models import BillingCycle, CreditNote, Dispute
from billing.services.reversals import note_dispute, refund_payment
from billing.services.subscriptions import start_subscription
from billing.tests.factories import receipt
from licensing.models import LicenseType
from smarttrader.lib.actors import SYSTEM

START = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def refund(provider_id: str, refunded: str = "59.00") -> bool:
    return refund_payment(
        receipt=receipt(START, provider_id=provider_id),
        refunded=Decimal(refunded),
        actor=SYSTEM,
        now=START + DAY,
    )


def dispute(provider_id: str, state: Dispute, amount: str = "59.00") -> bool:
    return note_dispute(
        receipt=receipt(START, amount, provider_id=provider_id),
        dispute=state,
        actor=SYSTEM,
        now=START + DAY,
    )


def start(user: User, provider_id: str) -> Any:
    return start_subscription(
        user=user,
        plan_type=LicenseType.PRO,
        billing_cycle=BillingCycle.MONTHLY,
        receipt=receipt(START, provider_id=provider_id),
        actor=SYSTEM,
        now=START,
    )


def credited() -> list[tuple[str, str, Decimal, str]]:
    """Return the credit notes: number, invoice, amount and what they are for."""
    notes = CreditNote.objects.select_related("invoice").order_by("sequence")
    return [
        (each.number, each.invoice.number, each.total, each.lines[0]["text"])
        for each in notes
    ]
