"""What was changed of a subscription, and by whom, in the change's own transaction."""

from datetime import datetime
from typing import Any

from billing.models import Subscription, SubscriptionEvent, SubscriptionEventType
from smarttrader.lib.actors import Actor

TERMS = (
    "plan_type",
    "billing_cycle",
    "amount",
    "current_period_end",
    "next_plan_type",
    "next_billing_cycle",
    "next_amount",
    "next_plan_at",
)
Terms = dict[str, str | None]


def terms_of(subscription: Subscription) -> Terms:
    """Return plan, cycle, price and end, now and scheduled, as an event keeps them."""
    return {name: _plain(getattr(subscription, name)) for name in TERMS}


def note_change(
    subscription: Subscription,
    type: SubscriptionEventType,  # noqa: A002 -- the column's own name
    *,
    before: Terms,
    actor: Actor,
    now: datetime,
) -> None:
    """Leave an event of a change that the caller made, under the row's lock."""
    SubscriptionEvent.objects.create(
        at=now,
        type=type,
        subscription_id=subscription.pk,
        user_id=subscription.user_id,
        actor_type=actor.type,
        actor_id=actor.id,
        before=before,
        after=terms_of(subscription),
    )


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)
