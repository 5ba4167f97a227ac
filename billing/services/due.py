"""What the clock does to subscriptions: everything due, each step once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q

from billing.models import (
    Payment,
    Renewal,
    Subscription,
    SubscriptionEventType,
    SubscriptionStatus,
)
from billing.services.audit import note_event, terms_of
from billing.services.licenses import PAST_DUE, hold
from billing.services.locks import (
    SubscriptionGone,
    locked_subscription,
    update_subscription,
)
from billing.services.plans import enter_due_plan
from billing.signals import (
    payment_failed,
    payment_overdue,
    subscription_expired,
    subscription_suspended,
)
from licensing.models import Plan
from smarttrader.lib.actors import SYSTEM

DUNNING_DAYS = (1, 3, 7)
DAY = timedelta(days=1)
# How long a suspended subscription waits for its payment.
SUSPENDED_FOR = 30 * DAY


def settle_due(*, now: datetime) -> int:
    """Bring all subscriptions to where the clock has come; count those that moved.

    Each by itself under its lock, looked at again, so two runs at once move it once and
    one that is paid meanwhile is left alone. A run that comes late makes up for it; of
    several stages of dunning that it missed it tells the last. One that is locked too
    long fails the run, after all others had their turn.
    """
    moved, failures = 0, list[Exception]()
    for pk in _due(now):
        try:
            with transaction.atomic():
                moved += _settle(locked_subscription(pk), now)
        except SubscriptionGone:
            pass
        except OperationalError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return moved


def note_failed_payment(
    *,
    subscription: Subscription,
    failed_at: datetime,
    now: datetime,
    payment: Payment | None = None,
) -> bool:
    """Note that a payment was tried and failed; return whether that is news.

    It is, once until the next payment; our clock may have seen before the provider that
    nothing was paid. What was paid for stays the owner's: grace and suspension are
    counted from the end of the period. Locks the subscription. Announces
    payment_failed.
    """
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        is_active = locked.status == SubscriptionStatus.ACTIVE
        if not is_active or locked.payment_failed_at is not None:
            return False
        before = terms_of(locked)
        update_subscription(
            locked,
            now=now,
            payment_failed_at=failed_at,
            past_due_since=locked.past_due_since or failed_at,
        )
        note_event(
            locked,
            SubscriptionEventType.PAYMENT_FAILED,
            before=before,
            actor=SYSTEM,
            now=now,
            payment=payment,
        )
        payment_failed.send(sender=Subscription, subscription=locked, now=now)
        return True


def _due(now: datetime) -> list[UUID]:
    in_a_later_period = Renewal.objects.filter(
        subscription=OuterRef("pk"),
        period_start__gt=OuterRef("current_period_start"),
        period_start__lte=now,
        credited_at=None,
    )
    is_due = (
        Q(current_period_end__lte=now)
        | Q(past_due_since__isnull=False)
        | Q(next_plan_at__lte=now)
        | Exists(in_a_later_period)
    )
    live = Subscription.objects.live().filter(is_due)
    return list(live.order_by("pk").values_list("pk", flat=True))


def _settle(locked: Subscription, now: datetime) -> bool:
    if locked.status not in (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED):
        return False
    steps = [
        _enter_period(locked, now),
        enter_due_plan(locked, actor=SYSTEM, now=now),
        _note_past_due(locked, now),
        _remind(locked, now),
        _suspend(locked, now),
        _expire(locked, now),
    ]
    return any(steps)


def _enter_period(locked: Subscription, now: datetime) -> bool:
    """Move on to the period in which now lies, of those that were paid early."""
    begun = locked.renewals.uncredited().filter(period_start__lte=now)
    period = begun.order_by("-period_start").first()
    if period is None or period.period_start <= locked.current_period_start:
        return False
    update_subscription(locked, now=now, current_period_start=period.period_start)
    return True


def _note_past_due(locked: Subscription, now: datetime) -> bool:
    if locked.past_due_since is not None or locked.current_period_end > now:
        return False
    # Nobody is told on that day: providers collect within the hour after the end.
    since = locked.current_period_end
    _move(locked, SubscriptionEventType.PAST_DUE, now, past_due_since=since)
    return True


def _remind(locked: Subscription, now: datetime) -> bool:
    since = locked.past_due_since
    if since is None:
        return False
    passed = [day for day in DUNNING_DAYS if now >= since + day * DAY]
    if not passed or passed[-1] <= locked.dunning_day:
        return False
    update_subscription(locked, now=now, dunning_day=passed[-1])
    payment_overdue.send(
        sender=Subscription, subscription=locked, day=passed[-1], now=now
    )
    return True


def _suspend(locked: Subscription, now: datetime) -> bool:
    is_active = locked.status == SubscriptionStatus.ACTIVE
    if not is_active or locked.past_due_since is None or now < _grace_end(locked):
        return False
    suspended = SubscriptionEventType.SUSPENDED
    _move(locked, suspended, now, status=SubscriptionStatus.SUSPENDED)
    hold(locked.license, PAST_DUE, actor=SYSTEM, now=now)
    subscription_suspended.send(sender=Subscription, subscription=locked, now=now)
    return True


def _expire(locked: Subscription, now: datetime) -> bool:
    is_suspended = locked.status == SubscriptionStatus.SUSPENDED
    if not is_suspended or now < _grace_end(locked) + SUSPENDED_FOR:
        return False
    expired = SubscriptionEventType.EXPIRED
    _move(locked, expired, now, status=SubscriptionStatus.EXPIRED)
    subscription_expired.send(sender=Subscription, subscription=locked, now=now)
    return True


def _move(
    locked: Subscription,
    type: SubscriptionEventType,  # noqa: A002 -- the column's own name
    now: datetime,
    **values: Any,
) -> None:
    before = terms_of(locked)
    update_subscription(locked, now=now, **values)
    note_event(locked, type, before=before, actor=SYSTEM, now=now)


def _grace_end(locked: Subscription) -> datetime:
    plan = Plan.objects.get(license_type=locked.plan_type)
    return locked.current_period_end + plan.grace_days * DAY
