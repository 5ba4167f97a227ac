"""Another cycle: a longer one at once, against what is left; any at the end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import (
    BillingCycle,
    Purpose,
    Subscription,
    SubscriptionEventType,
)
from billing.periods import is_longer, period_end
from billing.prices import cycle_price, price_of
from billing.queries import paid_periods
from billing.services.audit import note_event, terms_of
from billing.services.fulfilling import fulfil, locked_for, note_period
from billing.services.licenses import PAST_DUE, follow_subscription, release
from billing.services.locks import (
    NO_NEXT_PLAN,
    NOTHING_DUE,
    PaidTooLittle,
    PlanChanged,
    locked_active,
    update_subscription,
)
from billing.services.payments import Receipt
from billing.services.plans import schedule_change
from billing.services.subscriptions import refuse_unpayable, status_once_paid
from billing.services.wording import rest_text
from billing.signals import cycle_change_scheduled, cycle_changed
from licensing.models import LicenseType, Plan
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError

# What is left to count shrinks while somebody pays: Stripe lets them for a day.
QUOTE_HOLDS = timedelta(hours=25)


class NotALongerCycle(DomainError):
    code = "NOT_A_LONGER_CYCLE"
    title = _("At once a subscription changes to a longer cycle only")
    kind = "conflict"


class CycleUnchanged(DomainError):
    code = "CYCLE_UNCHANGED"
    title = _("The subscription has this cycle already, or it has no end to begin at")
    kind = "conflict"


class MoreIsPaid(DomainError):
    code = "MORE_IS_PAID"
    title = _("What is paid for is worth more than this: let it begin at its end")
    kind = "conflict"


def quote_cycle(
    *, subscription: Subscription, billing_cycle: BillingCycle, now: datetime
) -> Decimal:
    """Return what a longer cycle that begins now costs: its price less what is left.

    Raises NotActive, NotSold, NotALongerCycle and MoreIsPaid.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        return _due(locked, _longer_price(locked, billing_cycle), now)


def change_cycle(
    *,
    subscription: Subscription,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    receipt: Receipt,
    actor: Actor,
    now: datetime,
) -> bool:
    """Begin a longer cycle now, as paid; return False if this payment did so before.

    Its first period starts now, which becomes the anchor day; the rest of what was paid
    for is counted towards it, what was scheduled is forgotten. What was paid is for the
    plan that is named. Locks payment, subscription, license and invoice counter. Raises
    as renew_subscription does, and NotSold, NotALongerCycle, PlanChanged, MoreIsPaid
    and PaidTooLittle. Announces cycle_changed.
    """
    with transaction.atomic():
        payment, locked = locked_for(receipt, subscription)
        if payment is None:
            return False
        refuse_unpayable(locked, now)
        if locked.plan_type != plan_type:
            raise PlanChanged
        price = _longer_price(locked, billing_cycle)
        if receipt.amount < _due(locked, price, now - QUOTE_HOLDS):
            raise PaidTooLittle
        before = terms_of(locked)
        credit = (rest_text(locked), receipt.amount - price)
        period = _begin_anew(locked, billing_cycle, price, now)
        release(locked.license, PAST_DUE, actor=actor, now=now)
        follow_subscription(locked, actor=actor, now=now, reason="Cycle changed")
        note_event(
            locked,
            SubscriptionEventType.CYCLE_CHANGED,
            before=before,
            actor=actor,
            now=now,
            payment=payment,
        )
        text = note_period(locked, payment, period=period, price=price)
        fulfil(
            payment,
            locked,
            receipt=receipt,
            purpose=Purpose.CYCLE,
            lines=[(text, price), credit],
            actor=actor,
            now=now,
        )
        cycle_changed.send(
            sender=Subscription, subscription=locked, payment=payment, now=now
        )
        return True


def schedule_cycle(
    *,
    subscription: Subscription,
    billing_cycle: BillingCycle,
    actor: Actor,
    now: datetime,
) -> datetime:
    """Let another cycle begin where what is paid for ends; return that moment.

    A smaller plan that was scheduled begins with it. Locks the subscription. Raises
    NotActive, NotSold, CycleUnchanged and NextIsPaid. Announces cycle_change_scheduled.
    """
    with transaction.atomic():
        locked = locked_active(subscription.pk)
        is_same = billing_cycle == locked.billing_cycle
        if is_same or BillingCycle.LIFETIME in (billing_cycle, locked.billing_cycle):
            raise CycleUnchanged
        plan = _plan(locked.next_plan_type or locked.plan_type)
        schedule_change(locked, plan, billing_cycle, actor=actor, now=now)
        cycle_change_scheduled.send(sender=Subscription, subscription=locked, now=now)
        return locked.current_period_end


def _plan(plan_type: str) -> Plan:
    return Plan.objects.get(license_type=plan_type)


def _longer_price(locked: Subscription, billing_cycle: BillingCycle) -> Decimal:
    if not is_longer(billing_cycle, BillingCycle(locked.billing_cycle)):
        raise NotALongerCycle
    return price_of(_plan(locked.plan_type), billing_cycle)


def _due(locked: Subscription, price: Decimal, now: datetime) -> Decimal:
    due = cycle_price(paid_periods(locked, now), price, now)
    if due <= 0:
        raise MoreIsPaid
    return due


def _begin_anew(
    locked: Subscription, billing_cycle: BillingCycle, price: Decimal, now: datetime
) -> tuple[datetime, datetime]:
    """Credit the periods that have not ended, and return the one that begins now."""
    locked.renewals.uncredited().filter(period_end__gt=now).update(credited_at=now)
    start = now.astimezone(UTC)
    end = period_end(start, billing_cycle, start.day)
    update_subscription(
        locked,
        now=now,
        status=status_once_paid(locked),
        billing_cycle=billing_cycle,
        amount=price,
        current_period_start=start,
        current_period_end=end,
        anchor_day=start.day,
        **NOTHING_DUE,
        **NO_NEXT_PLAN,
        is_provider_behind=locked.provider_id is not None,
    )
    return start, end
