"""Payments that staff or a reseller collected themselves."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.customers import locked_reseller
from billing.models import BillingCycle, Payment, Provider, Subscription
from billing.prices import price_of
from billing.services.cycles import change_cycle, quote_cycle
from billing.services.locks import SubscriptionGone
from billing.services.payments import Receipt
from billing.services.plans import quote_upgrade, upgrade_subscription
from billing.services.subscriptions import renew_subscription, start_subscription
from licensing.models import Cycle, EntryKind, License, LicenseType, Plan
from licensing.services import allotments
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.errors import DomainError


class ReferenceMissing(DomainError):
    code = "REFERENCE_MISSING"
    title = _("Name the payment, so that it counts once")
    kind = "invalid"


class CollectedOnline(DomainError):
    code = "COLLECTED_ONLINE"
    title = _("Its provider collects for it, and would go on to")
    kind = "conflict"


def mark_as_paid(
    *, subscription: Subscription, reference: str, actor: Actor, now: datetime
) -> bool:
    """Take the price of the next period as paid; return False if it was before.

    The same reference for the same subscription is the same payment: a double click
    pays once. A reseller's costs a credit of their allotment, as any extension by them
    does: of the plan and cycle that the period has. Staff's is free. Locks the reseller
    first, then as renew_subscription does; raises what that does, and ReferenceMissing,
    CollectedOnline, ResellerSuspended, SubscriptionGone and AllotmentUsedUp.
    """
    with transaction.atomic():
        reseller = _seller(subscription, actor)
        amount = subscription.amount_to_pay
        receipt = replace(
            _receipt_for(subscription, reference, amount, now),
            reseller_id=reseller.pk if reseller else None,
        )
        is_new = renew_subscription(
            subscription=subscription, receipt=receipt, actor=actor, now=now
        )
        if is_new and reseller is not None:
            _charge(reseller, subscription, receipt, actor=actor, now=now)
        return is_new


def change_paid(
    *,
    subscription: Subscription,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    reference: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """Give a dearer plan or a longer cycle at once, as paid at its price of now.

    Returns False if this reference paid before. Locks and raises as quote_upgrade and
    upgrade_subscription do, or quote_cycle and change_cycle, and ReferenceMissing and
    CollectedOnline.
    """
    is_upgrade = billing_cycle == subscription.billing_cycle
    receipt = _receipt_for(subscription, reference, Decimal(0), now)
    if _is_taken(receipt):
        return False
    if is_upgrade:
        due = quote_upgrade(subscription=subscription, plan_type=plan_type, now=now)
    else:
        due = quote_cycle(
            subscription=subscription, billing_cycle=billing_cycle, now=now
        )
    change = upgrade_subscription if is_upgrade else change_cycle
    return change(
        subscription=subscription,
        plan_type=plan_type,
        billing_cycle=billing_cycle,
        receipt=replace(receipt, amount=due),
        actor=actor,
        now=now,
    )


def start_paid(
    *,
    user: User,
    plan_type: LicenseType,
    billing_cycle: BillingCycle,
    reference: str,
    actor: Actor,
    now: datetime,
    license: License | None = None,
) -> Subscription | None:
    """Begin a subscription that was paid by hand; None if this reference did before.

    Locks and raises as start_subscription does, and ReferenceMissing.
    """
    plan = Plan.objects.get(license_type=plan_type)
    amount = price_of(plan, billing_cycle)
    return start_subscription(
        user=user,
        plan_type=plan_type,
        billing_cycle=billing_cycle,
        receipt=_receipt(f"{user.pk} {_named(reference)}", amount, plan.currency, now),
        license=license,
        actor=actor,
        now=now,
    )


def _seller(subscription: Subscription, actor: Actor) -> User | None:
    """Return the locked reseller who acts for their customer; None for staff."""
    if actor.type != ActorType.RESELLER or actor.id is None:
        return None
    reseller = locked_reseller(actor.id)
    if not User.objects.filter(pk=subscription.user_id, reseller=reseller).exists():
        raise SubscriptionGone
    return reseller


def _charge(
    reseller: User,
    subscription: Subscription,
    receipt: Receipt,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    # As the period was paid, under the lock that paying it took.
    renewed = Subscription.objects.get(pk=subscription.pk)
    allotment = allotments.take(
        reseller=reseller,
        license_type=renewed.plan_to_pay,
        cycle=Cycle(renewed.cycle_to_pay),
        quantity=1,
        now=now,
    )
    allotments.enter(
        allotment,
        kind=EntryKind.EXTENSION,
        delta=1,
        license_id=renewed.license_id,
        key=f"paid:{receipt.provider_id}",
        actor=actor,
        reason=f"Paid by hand: {receipt.provider_id}",
        now=now,
    )


def _named(reference: str) -> str:
    if not reference.strip():
        raise ReferenceMissing
    return reference.strip()


def _is_taken(receipt: Receipt) -> bool:
    return Payment.objects.filter(
        provider=receipt.provider, provider_id=receipt.provider_id
    ).exists()


def _receipt_for(
    subscription: Subscription, reference: str, amount: Decimal, now: datetime
) -> Receipt:
    if subscription.payment_method == Provider.STRIPE:
        raise CollectedOnline
    name = f"{subscription.pk} {_named(reference)}"
    return _receipt(name, amount, subscription.currency, now)


def _receipt(
    provider_id: str, amount: Decimal, currency: str, now: datetime
) -> Receipt:
    return Receipt(
        provider=Provider.MANUAL,
        provider_id=provider_id,
        amount=amount,
        currency=currency,
        paid_at=now,
    )
