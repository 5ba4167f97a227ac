"""A subscription's row, and the lock under which it changes."""

import uuid
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.models import Subscription, SubscriptionStatus
from smarttrader.lib.errors import DomainError

NO_NEXT_PLAN = {"next_plan_type": None, "next_amount": None, "next_plan_at": None}


class SubscriptionGone(DomainError):
    code = "SUBSCRIPTION_NOT_FOUND"
    title = _("The subscription does not exist")
    kind = "missing"


class NotActive(DomainError):
    code = "SUBSCRIPTION_NOT_ACTIVE"
    title = _("The subscription is not active and paid for")
    kind = "conflict"


class SubscriptionOver(DomainError):
    code = "SUBSCRIPTION_OVER"
    title = _("The subscription was cancelled and is over")
    kind = "conflict"


def locked_subscription(pk: uuid.UUID) -> Subscription:
    """Return a subscription under its row lock, held before that of its license.

    Rows that refer to it can be inserted meanwhile. Raises SubscriptionGone.
    """
    locked = Subscription.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if locked is None:
        raise SubscriptionGone
    return locked


def locked_active(pk: uuid.UUID) -> Subscription:
    """Return a locked subscription that is active and not past due.

    Raises SubscriptionGone and NotActive.
    """
    locked = locked_subscription(pk)
    is_active = locked.status == SubscriptionStatus.ACTIVE
    if not is_active or locked.past_due_since is not None:
        raise NotActive
    return locked


def update_subscription(
    subscription: Subscription, *, now: datetime, **values: Any
) -> None:
    """Write columns of a subscription that the caller holds the lock of."""
    for name, value in values.items():
        setattr(subscription, name, value)
    Subscription.objects.filter(pk=subscription.pk).update(**values, updated_at=now)
