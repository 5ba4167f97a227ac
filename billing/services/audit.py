"""What happened to a subscription, and by whom, in the transaction in which it does."""

from datetime import datetime
from typing import Any

from billing.models import (
    Payment,
    Subscription,
    SubscriptionEvent,
    SubscriptionEventType,
)
from smarttrader.lib.actors import Actor

TERMS = (
    "status",
    "plan_type",
    "billing_cycle",
    "amount",
    "current_period_end",
    "cancel_at_period_end",
    "past_due_since",
    "next_plan_type",
    "next_billing_cycle",
    "next_amount",
    "next_plan_at",
)
MONEY_BACK = ("refunded_amount", "lost_amount", "dispute")
Terms = dict[str, str | bool | None]
NONE_YET: Terms = {}


def terms_of(subscription: Subscription, payment: Payment | None = None) -> Terms:
    """Return how a subscription stands, as an event keeps it.

    Status, plan, cycle, price and end, now and scheduled; of a payment, what went back.
    """
    terms = {name: _plain(getattr(subscription, name)) for name in TERMS}
    if payment is not None:
        terms |= {name: _plain(getattr(payment, name)) for name in MONEY_BACK}
    return terms


def note_event(
    subscription: Subscription,
    type: SubscriptionEventType,  # noqa: A002 -- the column's own name
    *,
    before: Terms,
    actor: Actor,
    now: datetime,
    payment: Payment | None = None,
    reason: str = "",
) -> None:
    """Leave an event of what the caller did, under the row's lock.

    With what went back of the payment, where `before` tells that, too.
    """
    is_of_money = not before.keys().isdisjoint(MONEY_BACK)
    SubscriptionEvent.objects.create(
        at=now,
        type=type,
        subscription_id=subscription.pk,
        user_id=subscription.user_id,
        actor_type=actor.type,
        actor_id=actor.id,
        payment_id=payment.pk if payment else None,
        reason=reason,
        before=before,
        after=terms_of(subscription, payment if is_of_money else None),
    )


def _plain(value: Any) -> str | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
