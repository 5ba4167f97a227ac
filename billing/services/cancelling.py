"""Cancelling: at the end of what is paid by default, undone until then, or at once."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import Subscription, SubscriptionEventType, SubscriptionStatus
from billing.services.audit import note_event, terms_of
from billing.services.licenses import CANCELLED, hold, is_paid_otherwise
from billing.services.locks import (
    NO_NEXT_PLAN,
    NOTHING_DUE,
    locked_subscription,
    update_subscription,
)
from billing.signals import cancellation_undone, subscription_cancelled
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class NothingToUndo(DomainError):
    code = "NOTHING_TO_UNDO"
    title = _("The subscription was not cancelled, or is over")
    kind = "conflict"


class NotCancellable(DomainError):
    code = "NOT_CANCELLABLE"
    title = _("Nothing that is paid for ends later: it can be cancelled at once only")
    kind = "conflict"


def cancel_at_period_end(
    *, subscription: Subscription, actor: Actor, now: datetime
) -> bool:
    """Let a subscription end where what is paid for ends; a second call moves nothing.

    Returns whether this call did it. One that is past due or lifetime has nothing left
    that is paid for by periods, or never ends: cancel it at once. Locks the
    subscription. Raises NotCancellable. Announces subscription_cancelled.
    """
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        if locked.status == SubscriptionStatus.CANCELLED:
            return False
        if locked.is_lifetime or locked.current_period_end <= now:
            raise NotCancellable
        before = terms_of(locked)
        update_subscription(
            locked,
            now=now,
            status=SubscriptionStatus.CANCELLED,
            cancel_at_period_end=True,
            cancelled_at=now,
            **NOTHING_DUE,
            **NO_NEXT_PLAN,
            is_provider_behind=locked.provider_id is not None,
        )
        cancelled = SubscriptionEventType.CANCELLED
        note_event(locked, cancelled, before=before, actor=actor, now=now)
        subscription_cancelled.send(sender=Subscription, subscription=locked, now=now)
        return True


def undo_cancellation(
    *, subscription: Subscription, actor: Actor, now: datetime
) -> None:
    """Let a cancelled subscription go on, before it is over.

    Not when another one pays for its license by now. Locks the subscription. Raises
    NothingToUndo. Announces cancellation_undone.
    """
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        is_ending = locked.cancel_at_period_end and not locked.is_over(now)
        if not is_ending or is_paid_otherwise(locked):
            raise NothingToUndo
        before = terms_of(locked)
        update_subscription(
            locked,
            now=now,
            status=SubscriptionStatus.ACTIVE,
            cancel_at_period_end=False,
            cancelled_at=None,
            is_provider_behind=locked.provider_id is not None,
        )
        undone = SubscriptionEventType.CANCELLATION_UNDONE
        note_event(locked, undone, before=before, actor=actor, now=now)
        cancellation_undone.send(sender=Subscription, subscription=locked, now=now)


def cancel_now(
    *, subscription: Subscription, actor: Actor, now: datetime, reason: str = ""
) -> bool:
    """End a subscription at once, and hold its license; a second call moves nothing.

    Returns whether this call did it. What is left of the period is not paid back by
    this. Locks the subscription, then the license. Announces subscription_cancelled,
    unless it was cancelled before.
    """
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        was_cancelled = locked.status == SubscriptionStatus.CANCELLED
        if was_cancelled and not locked.cancel_at_period_end:
            return False
        before, is_running = terms_of(locked), locked.current_period_end > now
        update_subscription(
            locked,
            now=now,
            status=SubscriptionStatus.CANCELLED,
            cancel_at_period_end=False,
            cancelled_at=locked.cancelled_at or now,
            current_period_end=max(now, locked.current_period_start)
            if is_running
            else locked.current_period_end,
            **NOTHING_DUE,
            **NO_NEXT_PLAN,
            is_provider_behind=locked.provider_id is not None,
        )
        note_event(
            locked,
            SubscriptionEventType.CANCELLED,
            before=before,
            actor=actor,
            now=now,
            reason=reason,
        )
        if not is_paid_otherwise(locked):
            hold(locked.license, CANCELLED, actor=actor, now=now)
        if not was_cancelled:
            subscription_cancelled.send(
                sender=Subscription, subscription=locked, now=now
            )
        return True
