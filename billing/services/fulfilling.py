"""A payment is given its worth, once: what it paid for, and its invoice."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billing.models import Payment, Purpose, Renewal, Subscription
from billing.services import payments
from billing.services.invoices import credit_reversals, issue_invoice
from billing.services.locks import locked_subscription
from billing.services.payments import Receipt
from billing.services.reversals import follow_what_came_first
from billing.services.wording import REFUNDED, period_text
from smarttrader.lib.actors import Actor


def locked_for(
    receipt: Receipt, subscription: Subscription
) -> tuple[Payment | None, Subscription]:
    """Return a payment that is to be fulfilled, and what it is for, both locked.

    No payment where it was fulfilled before, or taken back before that.
    """
    payment = payments.find_or_mark(receipt)
    locked = locked_subscription(subscription.pk)
    if payments.is_to_fulfil(payment):
        return payment, locked
    payments.note_unfulfilled(payment, user=locked.user, subscription_id=locked.pk)
    return None, locked


def fulfil(
    payment: Payment,
    locked: Subscription,
    *,
    receipt: Receipt,
    purpose: Purpose,
    lines: Sequence[tuple[str, Decimal]],
    actor: Actor,
    now: datetime,
) -> None:
    """Write what a payment was for, and issue its invoice.

    What was paid back before it is credited, what is disputed held. The caller holds
    the locks. Locks license and counters.
    """
    payments.note_fulfilled(
        payment,
        receipt=receipt,
        purpose=purpose,
        user=locked.user,
        subscription_id=locked.pk,
    )
    follow_what_came_first(payment, locked, actor=actor, now=now)
    language = locked.user.language
    issue_invoice(payment=payment, lines=lines, language=language, now=now)
    credit_reversals(payment=payment, reason=REFUNDED, now=now)


def fulfil_period(
    payment: Payment,
    locked: Subscription,
    *,
    period: tuple[datetime, datetime],
    receipt: Receipt,
    purpose: Purpose,
    actor: Actor,
    now: datetime,
) -> None:
    """Fulfil a payment by a period, at the price that the next one has."""
    text = note_period(locked, payment, period=period, price=locked.amount_to_pay)
    fulfil(
        payment,
        locked,
        receipt=receipt,
        purpose=purpose,
        lines=[(text, receipt.amount)],
        actor=actor,
        now=now,
    )


def note_period(
    locked: Subscription,
    payment: Payment,
    *,
    period: tuple[datetime, datetime],
    price: Decimal,
) -> str:
    """Write the period that a payment paid for; return how its invoice calls it."""
    start, end = period
    renewal = Renewal.objects.create(
        subscription=locked,
        period_start=start,
        period_end=end,
        plan_type=locked.plan_type,
        price=price,
        payment_id=payment.pk,
    )
    return period_text(locked, renewal)
