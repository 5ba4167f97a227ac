"""A subscription's life while it is paid for: it starts, and is renewed."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import (
    BillingCycle,
    Payment,
    Purpose,
    Renewal,
    Subscription,
    SubscriptionStatus,
)
from billing.periods import next_start, period_end
from billing.prices import price_of
from billing.services import payments, reversals
from billing.services.invoices import issue_invoice
from billing.services.licenses import (
    CANCELLED,
    PAST_DUE,
    follow_subscription,
    is_paid_otherwise,
    release,
)
from billing.services.locks import (
    SubscriptionOver,
    locked_subscription,
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
    plan = Plan.objects.get(license_type=plan_type)
    price = price_of(plan, billing_cycle)
    if license is not None and license.user_id != user.pk:
        raise LicenseNotOfBuyer
    start = now.astimezone(UTC)
    with transaction.atomic():
        payment = payments.find_or_mark(receipt)
        if not payments.is_to_fulfil(payment):
            payments.note_unfulfilled(payment, user=user, subscription_id=None)
            return None
        subscription = Subscription(
            user=user,
            license=license,
            plan_type=plan_type,
            status=SubscriptionStatus.ACTIVE,
            payment_method=receipt.provider,
            amount=price,
            currency=plan.currency,
            billing_cycle=billing_cycle,
            current_period_start=start,
            current_period_end=period_end(start, billing_cycle, start.day),
            anchor_day=start.day,
            provider_id=provider_id,
            provider_customer_id=provider_customer_id,
        )
        _insert(subscription)
        if license is None:
            _issue_license(subscription, actor=actor, now=now)
        else:
            release(license, CANCELLED, actor=actor, now=now)
            release(license, PAST_DUE, actor=actor, now=now)
        follow_subscription(subscription, actor=actor, now=now, reason="Subscribed")
        _pay_period(
            subscription,
            payment=payment,
            receipt=receipt,
            purpose=Purpose.START,
            period=(subscription.current_period_start, subscription.current_period_end),
            price=price,
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
        payment = payments.find_or_mark(receipt)
        locked = locked_subscription(subscription.pk)
        if not payments.is_to_fulfil(payment):
            payments.note_unfulfilled(
                payment, user=locked.user, subscription_id=locked.pk
            )
            return False
        if locked.is_lifetime:
            raise LifetimePaid
        if locked.is_over(now):
            raise SubscriptionOver
        if is_paid_otherwise(locked):
            raise AlreadySubscribed
        enter_due_plan(locked, actor=actor, now=now)
        start, end = _prolong(locked, now)
        release(locked.license, PAST_DUE, actor=actor, now=now)
        follow_subscription(locked, actor=actor, now=now, reason="Renewed")
        _pay_period(
            locked,
            payment=payment,
            receipt=receipt,
            purpose=Purpose.RENEWAL,
            period=(start, end),
            price=_price_from(locked, start),
            actor=actor,
            now=now,
        )
        subscription_renewed.send(
            sender=Subscription, subscription=locked, payment=payment, now=now
        )
        return True


def _insert(subscription: Subscription) -> None:
    try:
        with transaction.atomic():
            subscription.save(force_insert=True)
    except IntegrityError as error:
        if sqlstate_of(error) == UNIQUE_VIOLATION:
            raise AlreadySubscribed from error
        raise


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
    end = period_end(start, BillingCycle(locked.billing_cycle), anchor_day)
    is_cancelled = locked.status == SubscriptionStatus.CANCELLED
    update_subscription(
        locked,
        now=now,
        status=locked.status if is_cancelled else SubscriptionStatus.ACTIVE,
        # Paid early, the current period goes on; it is the one in which `now` lies.
        current_period_start=start if start <= now else locked.current_period_start,
        current_period_end=end,
        anchor_day=anchor_day,
        past_due_since=None,
        dunning_day=0,
    )
    return start, end


def _price_from(subscription: Subscription, start: datetime) -> Decimal:
    """Return the price of a period, which a smaller plan may have by then."""
    next_plan_at = subscription.next_plan_at
    if next_plan_at is not None and start >= next_plan_at:
        return Decimal(subscription.next_amount)
    return Decimal(subscription.amount)


def _pay_period(
    subscription: Subscription,
    *,
    payment: Payment,
    receipt: Receipt,
    purpose: Purpose,
    period: tuple[datetime, datetime],
    price: Decimal,
    actor: Actor,
    now: datetime,
) -> None:
    payments.fulfil(
        payment,
        receipt=receipt,
        purpose=purpose,
        user=subscription.user,
        subscription_id=subscription.pk,
    )
    start, end = period
    renewal = Renewal.objects.create(
        subscription=subscription,
        period_start=start,
        period_end=end,
        plan_type=subscription.plan_type,
        price=price,
        payment_id=payment.pk,
    )
    reversals.hold_if_disputed(payment, subscription, actor=actor, now=now)
    text = f"{subscription} {renewal}"
    if subscription.is_lifetime:
        text = f"{subscription}, from {start:%Y-%m-%d}"
    issue_invoice(payment=payment, lines=[(text, receipt.amount)], now=now)
