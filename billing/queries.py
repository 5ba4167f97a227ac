"""Reads of what is paid for."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Prefetch, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncMonth

from accounts.models import User
from billing.models import (
    BY_RESELLER,
    LIVE,
    BillingCycle,
    CreditNote,
    Invoice,
    PaymentQuerySet,
    Provider,
    Subscription,
    SubscriptionStatus,
)
from billing.periods import is_longer
from billing.prices import (
    NotSold,
    PaidPeriod,
    cycle_price,
    price_of,
    upgrade_price,
)
from bots.queries import accounts_of, licenses_in_use, live_bots
from licensing.models import License, LicenseStatus, LicenseType, Plan


@dataclass(frozen=True)
class Offer:
    """A plan and cycle that a subscription could have instead."""

    plan: Plan
    cycle: BillingCycle
    price: Decimal
    due_now: Decimal | None  # of what begins at once; else it begins at the end
    is_cycle: bool = False  # the present plan, paid otherwise

    @property
    def is_now(self) -> bool:
        return self.due_now is not None


@dataclass(frozen=True)
class ShownSubscription:
    subscription: Subscription
    accounts: int
    is_over: bool
    is_paid_online: bool  # else it is paid to whoever sold it
    is_cancellable: bool
    held_from: datetime | None  # while its payment is missing
    offers: list[Offer] = field(default_factory=list)

    @property
    def offers_now(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.is_now]

    @property
    def offers_later(self) -> list[Offer]:
        return [offer for offer in self.offers if not offer.is_now]


def accounts_in_use(subscription: Subscription) -> int:
    """Return how many accounts the license of a subscription is used on."""
    if subscription.license is None:
        return 0
    return len(accounts_of(live_bots(subscription.license)))


def paid_periods(subscription: Subscription, now: datetime) -> list[PaidPeriod]:
    """Return the periods of a subscription that have not ended.

    One from before there were renewals has paid its current period, and no other.
    """
    renewals = list(subscription.renewals.all())
    if not renewals:
        start, end = subscription.current_period_start, subscription.current_period_end
        return [PaidPeriod(start, end, subscription.amount)]
    return [
        PaidPeriod(each.period_start, each.period_end, each.price)
        for each in renewals
        if each.period_end > now and each.credited_at is None
    ]


def subscriptions_to_show(
    user: User, now: datetime, *, is_sold_online: bool
) -> list[ShownSubscription]:
    """Return a user's own subscriptions, live ones first, with what else there is."""
    in_use = licenses_in_use(License.objects.all())
    own = Subscription.objects.filter(user=user).prefetch_related(
        "renewals", Prefetch("license", queryset=in_use)
    )
    plans = list(Plan.objects.order_by("max_accounts"))
    ordered = sorted(
        own.order_by("-created_at"), key=lambda each: each.status not in LIVE
    )
    return [
        ShownSubscription(
            subscription=each,
            accounts=_accounts_read(each.license),
            is_over=each.is_over(now),
            is_paid_online=is_sold_online and each.payment_method == Provider.STRIPE,
            is_cancellable=_is_cancellable(each, now),
            held_from=_held_from(each, plans),
            offers=offers_of(each, now, plans),
        )
        for each in ordered
    ]


def _is_cancellable(subscription: Subscription, now: datetime) -> bool:
    """Tell whether something is left that is paid for, to cancel at its end."""
    is_active = subscription.status == SubscriptionStatus.ACTIVE
    is_running = subscription.current_period_end > now
    return is_active and is_running and not subscription.is_lifetime


def _held_from(subscription: Subscription, plans: Sequence[Plan]) -> datetime | None:
    """Return when its license is held for want of a payment."""
    if subscription.past_due_since is None:
        return None
    days = {plan.license_type: plan.grace_days for plan in plans}
    grace = timedelta(days=days[subscription.plan_type])
    return subscription.current_period_end + grace


def _accounts_read(license: License | None) -> int:
    """Count accounts as `accounts_in_use` does, of one out of `licenses_in_use`."""
    return len(accounts_of(license.live_bots)) if license else 0  # type: ignore[attr-defined]


def plans_on_offer() -> list[Plan]:
    """Return the plans that have a price, the smallest first."""
    unpriced = Q(monthly_price=None, yearly_price=None, lifetime_price=None)
    return list(Plan.objects.exclude(unpriced).order_by("max_accounts"))


def trial_of(user: User) -> License | None:
    """Return the newest trial of a user that is not over."""
    trials = License.objects.filter(
        user=user, license_type=LicenseType.TRIAL, status=LicenseStatus.ACTIVE
    )
    return trials.order_by("-issued_at").first()


def licenses_without_subscription(user: User) -> "QuerySet[License]":
    """Return the licenses of a user that a new subscription could pay for."""
    paid_for = Subscription.objects.live().exclude(license=None).values("license")
    own = License.objects.filter(user=user).exclude(status=LicenseStatus.REVOKED)
    return own.exclude(pk__in=paid_for).order_by("-issued_at")


def papers_of(user: User, most: int) -> list[Invoice | CreditNote]:
    """Return a user's own invoices and credit notes, the newest first."""
    order = ("-issued_at", "-sequence")
    invoices = Invoice.objects.filter(user_id=user.pk).order_by(*order)
    notes = CreditNote.objects.filter(user_id=user.pk).order_by(*order)
    found: list[Invoice | CreditNote] = [
        *invoices[:most],
        *notes.select_related("invoice")[:most],
    ]
    return sorted(found, key=lambda each: each.issued_at, reverse=True)[:most]


def revenue_by_month(payments: PaymentQuerySet) -> "QuerySet[Any, Any]":
    """Return what came in, by month (UTC), currency and collector, the newest first.

    The collector is a provider, or "reseller": what resellers took is not the vendor's.
    What went back, by refunds or lost disputes, is taken from the month in which it
    was paid.
    """
    collector = Case(
        When(reseller_id__isnull=False, then=Value(BY_RESELLER)), default="provider"
    )
    month = TruncMonth("paid_at", tzinfo=UTC)
    rows: QuerySet[Any, Any] = (
        payments.taken()
        .annotate(month=month, collector=collector)
        .values("month", "currency", "collector")
        .annotate(
            payments=Count("id"),
            paid=Sum("amount"),
            refunded=Sum("refunded_amount"),
            lost=Sum("lost_amount"),
            net=Sum(F("amount") - F("refunded_amount") - F("lost_amount")),
        )
        .order_by("-month", "currency", "collector")
    )
    return rows


def revenue_since(payments: PaymentQuerySet, moment: datetime) -> dict[str, Decimal]:
    """Return what the vendor took since a moment and did not pay back, by currency."""
    taken = payments.taken().filter(paid_at__gte=moment, reseller_id=None)
    nets = taken.values_list("currency").annotate(
        net=Sum(F("amount") - F("refunded_amount") - F("lost_amount"))
    )
    return dict(nets.order_by("currency"))


def offers_of(
    subscription: Subscription, now: datetime, plans: Sequence[Plan] = ()
) -> list[Offer]:
    """Return what an active subscription could change to: plans, then cycles.

    A dearer plan and a longer cycle begin at once, a cheaper plan and any other cycle
    where what is paid for ends.
    """
    is_active = subscription.status == SubscriptionStatus.ACTIVE
    if not is_active or subscription.past_due_since is not None:
        return []
    known = plans or list(Plan.objects.order_by("max_accounts"))
    periods = paid_periods(subscription, now)
    found = _plan_offers(subscription, known, periods, now)
    return [*found, *_cycle_offers(subscription, known, periods, now)]


def _plan_offers(
    subscription: Subscription,
    plans: Sequence[Plan],
    periods: Sequence[PaidPeriod],
    now: datetime,
) -> Iterator[Offer]:
    cycle = BillingCycle(subscription.billing_cycle)
    for plan in plans:
        with suppress(NotSold):
            price = price_of(plan, cycle)
            if price > subscription.amount:
                due = upgrade_price(periods, price, now)
                yield Offer(plan, cycle, price, due)
            elif price < subscription.amount and not subscription.is_lifetime:
                yield Offer(plan, cycle, price, None)


def _cycle_offers(
    subscription: Subscription,
    plans: Sequence[Plan],
    periods: Sequence[PaidPeriod],
    now: datetime,
) -> Iterator[Offer]:
    present = BillingCycle(subscription.billing_cycle)
    (plan,) = (each for each in plans if each.license_type == subscription.plan_type)
    for cycle in BillingCycle:
        if cycle == present or subscription.is_lifetime:
            continue
        with suppress(NotSold):
            price = price_of(plan, cycle)
            due = cycle_price(periods, price, now)
            if is_longer(cycle, present) and due > 0:
                yield Offer(plan, cycle, price, due, is_cycle=True)
            if cycle != BillingCycle.LIFETIME:
                yield Offer(plan, cycle, price, None, is_cycle=True)
