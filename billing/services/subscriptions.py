"""A subscription's life while it is paid for: it starts, and is renewed."""

from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import (
    BillingCycle,
    Purpose,
    Subscription,
    SubscriptionEventType,
    SubscriptionStatus,
)
from billing.periods import next_start, period_end
from billing.prices import price_of
from billing.services import payments
from billing.services.audit import NONE_YET, note_event, terms_of
from billing.services.fulfilling import fulfil_period, locked_for
from billing.services.licenses import (
    CANCELLED,
    PAST_DUE,
    follow_subscription,
    is_paid_otherwise,
    release,
)
from billing.services.locks import (
    NOTHING_DUE,
    SubscriptionOver,
    update_subscription,
)
from billing.services.payments import Receipt
from billing.services.plans import enter_due_plan
from billing.signals import subscription_renewed, subscription_started
from licensing.models import License, LicenseType, Plan
from licensing.services.issuing import issue_license
from smarttrader.lib.actors import Actor
from smarttrader.lib.database_errors import UNIQUE_VIOLATION, sqlstate_of
from smarttrader.lib.errors import DomainError


class AlreadySubscribed(DomainError):
    code = "ALREADY_SUBSCRIBED"
    title = _("The license has a subscription already")
    kind = "conflict"


class LicenseNotOfBuyer(DomainError):
    code = "LICENSE_NOT_FOUND"
    title = _("The buyer has no such license")
    kind = "missing"


class LifetimePaid(DomainError):
    code = "LIFETIME_PAID"
    title = _("A lifetime subscription is paid for for ever")
    kind = "conflict"


def start_subscription(
    *,
    user: User,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    receipt: Receipt,
    actor: Actor,
    now: datetime,
    license: License | None = None,
    provider_id: str | None = None,
    provider_customer_id: str = "",
) -> Subscription | None:
    """Begin a subscription with its first payment; its first period starts now.

    Without a license of the buyer's a new one is issued; a trial becomes a paid license
    and its rest is forgone. Returns None when the payment was taken before, or back.
    Locks payment, license and invoice counter. Raises NotSold, LicenseNotOfBuyer,
    AlreadySubscribed and LicenseRevoked. Announces subscription_started.
    """
    if license is not None and license.user_id != user.pk:
        raise LicenseNotOfBuyer
    with transaction.atomic():
        payment = payments.find_or_mark(receipt)
        if not payments.is_to_fulfil(payment):
            payments.note_unfulfilled(payment, user=user, subscription_id=None)
            return None
        subscription = _new(user, plan_type, billing_cycle, now)
        subscription.license, subscription.provider_id = license, provider_id
        subscription.payment_method = receipt.provider
        subscription.provider_customer_id = provider_customer_id
        _insert(subscription)
        _begin_license(subscription, actor=actor, now=now)
        note_event(
            subscription,
            SubscriptionEventType.STARTED,
            before=NONE_YET,
            actor=actor,
            now=now,
            payment=payment,
        )
        fulfil_period(
            payment,
            subscription,
            period=(subscription.current_period_start, subscription.current_period_end),
            receipt=receipt,
            purpose=Purpose.START,
            actor=actor,
            now=now,
        )
        subscription_started.send(
            sender=Subscription, subscription=subscription, payment=payment, now=now
        )
        return subscription


def renew_subscription(
    *, subscription: Subscription, receipt: Receipt, actor: Actor, now: datetime
) -> bool:
    """Pay for the next period; return False if this payment did so before.

    Paid early, or late within the plan's days of grace, it starts where the last one
    ends; later than that it starts now, which becomes the new anchor day. Two payments
    make two periods. A suspended or expired subscription is active again, and billing's
    hold for what was past due is released, no other. One that is cancelled but not over
    stays cancelled, and runs longer. Locks payment, subscription, license and invoice
    counter. Raises LifetimePaid, SubscriptionOver, AlreadySubscribed (another one pays
    for the license by now) and LicenseRevoked. Announces subscription_renewed.
    """
    with transaction.atomic():
        payment, locked = locked_for(receipt, subscription)
        if payment is None:
            return False
        refuse_unpayable(locked, now)
        enter_due_plan(locked, actor=actor, now=now)
        before = terms_of(locked)
        period = _prolong(locked, now)
        release(locked.license, PAST_DUE, actor=actor, now=now)
        follow_subscription(locked, actor=actor, now=now, reason="Renewed")
        note_event(
            locked,
            SubscriptionEventType.RENEWED,
            before=before,
            actor=actor,
            now=now,
            payment=payment,
        )
        fulfil_period(
            payment,
            locked,
            period=period,
            receipt=receipt,
            purpose=Purpose.RENEWAL,
            actor=actor,
            now=now,
        )
        subscription_renewed.send(
            sender=Subscription, subscription=locked, payment=payment, now=now
        )
        return True


def refuse_unpayable(locked: Subscription, now: datetime) -> None:
    """Refuse money for a further period of what has none.

    Raises LifetimePaid, SubscriptionOver and AlreadySubscribed.
    """
    if locked.is_lifetime:
        raise LifetimePaid
    if locked.is_over(now):
        raise SubscriptionOver
    if is_paid_otherwise(locked):
        raise AlreadySubscribed


def status_once_paid(locked: Subscription) -> SubscriptionStatus:
    """Return what a payment makes of a subscription: who cancelled goes on to leave."""
    is_cancelled = locked.status == SubscriptionStatus.CANCELLED
    return SubscriptionStatus.CANCELLED if is_cancelled else SubscriptionStatus.ACTIVE


def _new(
    user: User, plan_type: LicenseType, billing_cycle: BillingCycle, now: datetime
) -> Subscription:
    plan = Plan.objects.get(license_type=plan_type)
    start = now.astimezone(UTC)
    return Subscription(
        user=user,
        plan_type=plan_type,
        status=SubscriptionStatus.ACTIVE,
        amount=price_of(plan, billing_cycle),
        currency=plan.currency,
        billing_cycle=billing_cycle,
        current_period_start=start,
        current_period_end=period_end(start, billing_cycle, start.day),
        anchor_day=start.day,
    )


def _insert(subscription: Subscription) -> None:
    try:
        with transaction.atomic():
            subscription.save(force_insert=True)
    except IntegrityError as error:
        if sqlstate_of(error) == UNIQUE_VIOLATION:
            raise AlreadySubscribed from error
        raise


def _begin_license(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """Issue the license of a new subscription, or give it the one that was named."""
    if subscription.license is None:
        _issue_license(subscription, actor=actor, now=now)
    release(subscription.license, CANCELLED, actor=actor, now=now)
    release(subscription.license, PAST_DUE, actor=actor, now=now)
    follow_subscription(subscription, actor=actor, now=now, reason="Subscribed")


def _issue_license(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    issued = issue_license(
        user=subscription.user,
        license_type=LicenseType(subscription.plan_type),
        expires_at=subscription.current_period_end,
        is_lifetime=subscription.is_lifetime,
        actor=actor,
        now=now,
    )
    update_subscription(subscription, now=now, license=issued.license)


def _prolong(locked: Subscription, now: datetime) -> tuple[datetime, datetime]:
    """Move the end of what is paid for by one period, and return that period."""
    plan = Plan.objects.get(license_type=locked.plan_type)
    start, is_anew = next_start(
        locked.current_period_end, grace_days=plan.grace_days, now=now
    )
    start = start.astimezone(UTC)
    anchor_day = start.day if is_anew else locked.anchor_day
    # A scheduled cycle begins where what is paid for ended, so here.
    end = period_end(start, locked.cycle_to_pay, anchor_day)
    update_subscription(
        locked,
        now=now,
        status=status_once_paid(locked),
        # Paid early, the current period goes on; it is the one in which `now` lies.
        current_period_start=start if start <= now else locked.current_period_start,
        current_period_end=end,
        anchor_day=anchor_day,
        **NOTHING_DUE,
    )
    return start, end
