"""Another plan: a dearer one at once, a cheaper one at the end of what is paid."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import (
    BillingCycle,
    Purpose,
    Subscription,
    SubscriptionEventType,
)
from billing.prices import price_of, upgrade_price
from billing.queries import accounts_in_use, paid_periods
from billing.services.audit import note_event, terms_of
from billing.services.fulfilling import fulfil, locked_for
from billing.services.licenses import follow_subscription
from billing.services.locks import (
    NO_NEXT_PLAN,
    PaidTooLittle,
    PlanChanged,
    SubscriptionOver,
    locked_active,
    locked_subscription,
    update_subscription,
)
from billing.services.payments import Receipt
from billing.services.wording import upgrade_text
from billing.signals import (
    change_undone,
    cycle_changed,
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


class NoChangeAhead(DomainError):
    code = "NO_CHANGE_AHEAD"
    title = _("No other plan or cycle was scheduled")
    kind = "conflict"


class NextIsPaid(DomainError):
    code = "NEXT_IS_PAID"
    title = _("A period of what is scheduled is paid for already: let it begin")
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

    Raises NotActive, NotSold, NotAnUpgrade and NextIsPaid.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        price = _dearer(locked, plan_type)
        return upgrade_price(paid_periods(locked, now), price, now)


def upgrade_subscription(
    *,
    subscription: Subscription,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    receipt: Receipt,
    actor: Actor,
    now: datetime,
) -> bool:
    """Give a dearer plan at once, as paid; return False if this payment did so before.

    What was scheduled is forgotten. What was paid is for the cycle that is named, and
    for no more periods than it covers. Locks payment, subscription, license and invoice
    counter. Raises SubscriptionOver, NotSold, NotAnUpgrade, NextIsPaid, PlanChanged,
    PaidTooLittle and LicenseRevoked. Announces subscription_upgraded.
    """
    with transaction.atomic():
        payment, locked = locked_for(receipt, subscription)
        if payment is None:
            return False
        if locked.is_over(now):
            raise SubscriptionOver
        if locked.billing_cycle != billing_cycle:
            raise PlanChanged
        price = _dearer(locked, plan_type)
        if receipt.amount < upgrade_price(paid_periods(locked, now), price, now):
            raise PaidTooLittle
        before = terms_of(locked)
        _enter(locked, plan_type, price, actor=actor, now=now, reason="Upgraded")
        note_event(
            locked,
            SubscriptionEventType.PLAN_CHANGED,
            before=before,
            actor=actor,
            now=now,
            payment=payment,
        )
        counting = locked.renewals.uncredited().filter(period_end__gt=now)
        counting.update(plan_type=plan_type, price=price)
        fulfil(
            payment,
            locked,
            receipt=receipt,
            purpose=Purpose.UPGRADE,
            lines=[(upgrade_text(locked, now), receipt.amount)],
            actor=actor,
            now=now,
        )
        subscription_upgraded.send(
            sender=Subscription, subscription=locked, payment=payment, now=now
        )
        return True


def schedule_downgrade(
    *,
    subscription: Subscription,
    plan_type: LicenseType,
    actor: Actor,
    now: datetime,
) -> Downgrade:
    """Let a cheaper plan begin where what is paid for ends; tell what will not fit.

    Accounts in use beyond the new plan's number go on, but no further one is activated.
    Locks the subscription. Raises NotActive, NotSold, NotADowngrade and NextIsPaid.
    Announces downgrade_scheduled.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        plan = Plan.objects.get(license_type=plan_type)
        price = price_of(plan, BillingCycle(locked.billing_cycle))
        if price >= locked.amount or locked.is_lifetime:
            raise NotADowngrade
        cycle = locked.cycle_to_pay
        price = schedule_change(locked, plan, cycle, actor=actor, now=now)
        downgrade_scheduled.send(sender=Subscription, subscription=locked, now=now)
        beyond = accounts_in_use(locked) - plan.max_accounts
        return Downgrade(plan_type, price, locked.current_period_end, max(beyond, 0))


def schedule_change(
    locked: Subscription,
    plan: Plan,
    billing_cycle: BillingCycle,
    *,
    actor: Actor,
    now: datetime,
) -> Decimal:
    """Let a plan and cycle begin where what is paid for ends; return their price.

    The caller holds the subscription's lock. Raises NotSold and NextIsPaid.
    """
    _refuse_once_paid(locked)
    before, price = terms_of(locked), price_of(plan, billing_cycle)
    update_subscription(
        locked,
        now=now,
        next_plan_type=plan.license_type,
        next_billing_cycle=billing_cycle,
        next_amount=price,
        next_plan_at=locked.current_period_end,
        is_provider_behind=locked.provider_id is not None,
    )
    scheduled = SubscriptionEventType.CHANGE_SCHEDULED
    note_event(locked, scheduled, before=before, actor=actor, now=now)
    return price


def forget_change(*, subscription: Subscription, actor: Actor, now: datetime) -> None:
    """Keep the present plan and cycle after all.

    Locks the subscription. Raises NoChangeAhead and NextIsPaid. Announces
    change_undone.
    """
    with transaction.atomic():
        locked = locked_subscription(subscription.pk)
        if locked.next_plan_at is None or locked.next_plan_at <= now:
            raise NoChangeAhead
        _refuse_once_paid(locked)
        before = terms_of(locked)
        update_subscription(
            locked,
            now=now,
            **NO_NEXT_PLAN,
            is_provider_behind=locked.provider_id is not None,
        )
        undone = SubscriptionEventType.CHANGE_UNDONE
        note_event(locked, undone, before=before, actor=actor, now=now)
        change_undone.send(sender=Subscription, subscription=locked, now=now)


def enter_due_plan(locked: Subscription, *, actor: Actor, now: datetime) -> bool:
    """Begin the plan and cycle whose time has come; return whether there were any.

    The caller holds the subscription's lock. Announces subscription_downgraded and
    cycle_changed, whichever it was.
    """
    begun, plan_type = locked.next_plan_at, locked.next_plan_type
    if begun is None or plan_type is None or begun > now:
        return False
    before, cycle = terms_of(locked), locked.cycle_to_pay
    update_subscription(locked, now=now, billing_cycle=cycle)
    _enter(
        locked,
        LicenseType(plan_type),
        locked.amount_to_pay,
        actor=actor,
        now=now,
        reason="Changed as scheduled",
    )
    later = locked.renewals.uncredited().filter(period_start__gte=begun)
    later.update(plan_type=plan_type)
    if plan_type != before["plan_type"]:
        changed = SubscriptionEventType.PLAN_CHANGED
        note_event(locked, changed, before=before, actor=actor, now=now)
        subscription_downgraded.send(sender=Subscription, subscription=locked, now=now)
    if cycle != before["billing_cycle"]:
        changed = SubscriptionEventType.CYCLE_CHANGED
        note_event(locked, changed, before=before, actor=actor, now=now)
        cycle_changed.send(
            sender=Subscription, subscription=locked, payment=None, now=now
        )
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


def _refuse_once_paid(locked: Subscription) -> None:
    """Refuse to undo what is scheduled once a period was paid for at its price."""
    if locked.next_plan_at is not None:
        counting = locked.renewals.uncredited()
        if counting.filter(period_start__gte=locked.next_plan_at).exists():
            raise NextIsPaid


def _dearer(locked: Subscription, plan_type: LicenseType) -> Decimal:
    plan = Plan.objects.get(license_type=plan_type)
    price = price_of(plan, BillingCycle(locked.billing_cycle))
    if price <= locked.amount:
        raise NotAnUpgrade
    if locked.cycle_to_pay != locked.billing_cycle:
        _refuse_once_paid(locked)  # the price of a cycle is of no other one's period
    return price
