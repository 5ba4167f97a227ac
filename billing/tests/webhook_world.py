"""What webhooks lead to, as their tests ask for it."""

from accounts.models import User
from billing.models import Invoice, Payment, ProviderEvent, Renewal, Subscription
from billing.tests import stripe_payloads as stripe
from billing.tests.stripe_payloads import at, event, send


def started(user: User, payment: str = "pi_1", own_id: str = "sub_1") -> Subscription:
    """Let the first invoice be paid, as Stripe tells it."""
    first = stripe.invoice(user, payment, subscription=own_id)
    send(event("invoice.paid", first, at=at(1)))
    return Subscription.objects.get(provider_id=own_id)


def cycle(user: User, payment: str, own_id: str = "sub_1") -> dict[str, object]:
    return stripe.invoice(
        user, payment, subscription=own_id, reason="subscription_cycle"
    )


def ledger() -> tuple[int, ...]:
    """Return how many rows of money there are: payments, periods, invoices."""
    return tuple(model.objects.count() for model in (Payment, Renewal, Invoice))


def errors() -> list[str]:
    waiting = ProviderEvent.objects.filter(handled_at=None)
    return [each.error.partition(":")[0] for each in waiting]
