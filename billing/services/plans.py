"""Another plan: a dearer one at once, a cheaper one at the end of what is paid."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import BillingCycle, Purpose, Subscription
from billing.prices import price_of, upgrade_price
from billing.queries import accounts_in_use, paid_periods
from billing.services import payments, reversals
from billing.services.invoices import issue_invoice
from billing.services.licenses import follow_subscription
from billing.services.locks import (
    NO_NEXT_PLAN,
    SubscriptionOver,
    locked_active,
    locked_subscription,
    update_subscription,
)
from billing.services.payments import Receipt
from billing.signals import (
    downgrade_scheduled,
    subscription_downgraded,
    subscription_upgraded,
)
from licensing.models import LicenseType, Plan
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class NotAnUpgrade(DomainError):
    code = "NOT_AN_UPGRADE"
    title = _("The plan costs no more than the present one")
    kind = "conflict"


class NotADowngrade(DomainError):
    code = "NOT_A_DOWNGRADE"
    title = _("The plan costs no less, or there is no end to wait for")
    kind = "conflict"


class NoDowngrade(DomainError):
    code = "NO_DOWNGRADE"
    title = _("No smaller plan was scheduled")
    kind = "conflict"


@dataclass(frozen=True)
class Downgrade:
    """A smaller plan from `at` on; `accounts_beyond` are in use but not in it."""

    plan_type: LicenseType
    amount: Decimal
    at: datetime
    accounts_beyond: int


def quote_upgrade(
    *, subscription: Subscription, plan_type: LicenseType, now: datetime
) -> Decimal:
    """Return what an upgrade costs now: the difference for the seconds that are left.

    Raises NotActive, NotSold and NotAnUpgrade.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        price = _dearer(locked, plan_type)
        return upgrade_price(paid_periods(locked, now), price, now)


def upgrade_subscription(
    *,
    subscription: Subscription,
    plan_type: LicenseType,
    receipt: Receipt,
    actor: Actor,
    now: datetime,
) -> bool:
    """Give a dearer plan at once, as paid; return False if this payment did so before.

    A smaller plan that was scheduled is forgotten. Locks payment, subscription, license
    and invoice counter. Raises SubscriptionOver, NotSold, NotAnUpgrade and
    LicenseRevoked. Announces
    subscription_upgraded.
    """
    with transaction.atomic():
        payment = payments.find_or_mark(receipt)
        locked = locked_subscription(subscription.pk)
        if not payments.is_to_fulfil(payment):
            payments.note_unfulfilled(
                payment, user=locked.user, subscription_id=locked.pk
            )
            return False
        if locked.is_over(now):
            raise SubscriptionOver
        price = _dearer(locked, plan_type)
        _enter(locked, plan_type, price, actor=actor, now=now, reason="Upgraded")
        locked.renewals.filter(period_end__gt=now).update(
            plan_type=plan_type, price=price
        )
        payments.fulfil(
            payment,
            receipt=receipt,
            purpose=Purpose.UPGRADE,
            user=locked.user,
            subscription_id=locked.pk,
        )
        reversals.hold_if_disputed(payment, locked, actor=actor, now=now)
        text = f"Upgrade to {locked}, from {now:%Y-%m-%d %H:%M} UTC"
        issue_invoice(payment=payment, lines=[(text, receipt.amount)], now=now)
        subscription_upgraded.send(
            sender=Subscription, subscription=locked, payment=payment, now=now
        )
        return True


def schedule_downgrade(
    *, subscription: Subscription, plan_type: LicenseType, now: datetime
) -> Downgrade:
    """Let a cheaper plan begin where what is paid for ends; tell what will not fit.

    Accounts in use beyond the new plan's number go on, but no further one is activated.
    Locks the subscription. Raises NotActive, NotSold and NotADowngrade. Announces
    downgrade_scheduled.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        plan = Plan.objects.get(license_type=plan_type)
        price = price_of(plan, BillingCycle(locked.billing_cycle))
        if price >= locked.amount or locked.is_lifetime:
            raise NotADowngrade
        update_subscription(
            locked,
            now=now,
            next_plan_type=plan_type,
            next_amount=price,
            next_plan_at=locked.current_period_end,
            is_provider_behind=locked.provider_id is not None,
        )
        downgrade_scheduled.send(sender=Subscription, subscription=locked, now=now)
        beyond = accounts_in_use(locked) - plan.max_accounts
        return Downgrade(plan_type, price, locked.current_period_end, max(beyond, 0))


def forget_downgrade(*, subscription: Subscription, now: datetime) -> None:
    """Keep the present plan after all. Locks the subscription. Raises NoDowngrade."""
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        if locked.next_plan_at is None or locked.next_plan_at <= now:
            raise NoDowngrade
        update_subscription(
            locked,
            now=now,
            **NO_NEXT_PLAN,
            is_provider_behind=locked.provider_id is not None,
        )


def enter_due_plan(locked: Subscription, *, actor: Actor, now: datetime) -> bool:
    """Begin the smaller plan whose time has come; return whether there was one.

    The caller holds the subscription's lock. Announces subscription_downgraded.
    """
    begun, plan_type = locked.next_plan_at, locked.next_plan_type
    if begun is None or plan_type is None or begun > now:
        return False
    price = Decimal(locked.next_amount)
    _enter(
        locked,
        LicenseType(plan_type),
        price,
        actor=actor,
        now=now,
        reason="Downgraded",
    )
    locked.renewals.filter(period_start__gte=begun).update(plan_type=plan_type)
    subscription_downgraded.send(sender=Subscription, subscription=locked, now=now)
    return True


def _enter(
    locked: Subscription,
    plan_type: LicenseType,
    price: Decimal,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    update_subscription(
        locked,
        now=now,
        plan_type=plan_type,
        amount=price,
        **NO_NEXT_PLAN,
        is_provider_behind=locked.provider_id is not None,
    )
    follow_subscription(locked, actor=actor, now=now, reason=reason)


def _dearer(locked: Subscription, plan_type: LicenseType) -> Decimal:
    plan = Plan.objects.get(license_type=plan_type)
    price = price_of(plan, BillingCycle(locked.billing_cycle))
    if price <= locked.amount:
        raise NotAnUpgrade
    return price
