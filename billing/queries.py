"""Reads of what is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import User
from billing.models import (
    LIVE,
    BillingCycle,
    Invoice,
    Payment,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
)
from billing.prices import NotSold, PaidPeriod, price_of, upgrade_price
from bots.queries import accounts_of, live_bots
from licensing.models import License, LicenseStatus, Plan


@dataclass(frozen=True)
class Offer:
    """A plan that a subscription could have instead, and what it costs now."""

    plan: Plan
    price: Decimal
    due_now: Decimal | None  # of a dearer plan; a cheaper one begins at the end


@dataclass(frozen=True)
class ShownSubscription:
    subscription: Subscription
    accounts: int
    is_over: bool
    offers: list[Offer] = field(default_factory=list)


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
        if each.period_end > now
    ]


def subscriptions_to_show(user: User, now: datetime) -> list[ShownSubscription]:
    """Return a user's own subscriptions, live ones first, with what else there is."""
    own = Subscription.objects.filter(user=user).select_related("license")
    plans = list(Plan.objects.order_by("max_accounts"))
    ordered = sorted(
        own.order_by("-created_at"), key=lambda each: each.status not in LIVE
    )
    return [
        ShownSubscription(
            subscription=each,
            accounts=accounts_in_use(each),
            is_over=each.is_over(now),
            offers=_offers(each, plans, now),
        )
        for each in ordered
    ]


def plans_on_offer() -> list[Plan]:
    """Return the plans that have a price, the smallest first."""
    unpriced = Q(monthly_price=None, yearly_price=None, lifetime_price=None)
    return list(Plan.objects.exclude(unpriced).order_by("max_accounts"))


def licenses_without_subscription(user: User) -> list[License]:
    """Return the licenses of a user that a new subscription could pay for."""
    paid_for = Subscription.objects.live().exclude(license=None).values("license")
    own = License.objects.filter(user=user).exclude(status=LicenseStatus.REVOKED)
    return list(own.exclude(pk__in=paid_for).order_by("-issued_at"))


def invoices_of(user: User) -> "QuerySet[Invoice]":
    """Return a user's own invoices, the newest first."""
    return Invoice.objects.filter(user_id=user.pk).order_by("-issued_at", "-sequence")


def revenue_by_month(payments: "QuerySet[Payment]") -> "QuerySet[Any, Any]":
    """Return what was paid and paid back by month (UTC) and currency, newest first."""
    taken = payments.filter(
        status__in=(PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED),
        paid_at__isnull=False,
    )
    rows: QuerySet[Any, Any] = (
        taken.annotate(month=TruncMonth("paid_at"))
        .values("month", "currency")
        .annotate(
            payments=Count("id"),
            paid=Sum("amount"),
            refunded=Sum("refunded_amount"),
            net=Sum(F("amount") - F("refunded_amount")),
        )
        .order_by("-month", "currency")
    )
    return rows


def revenue_since(
    payments: "QuerySet[Payment]", moment: datetime
) -> dict[str, Decimal]:
    """Return what came in since a moment and was not paid back, by currency."""
    taken = payments.filter(
        status__in=(PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED),
        paid_at__gte=moment,
    )
    nets = taken.values_list("currency").annotate(
        net=Sum(F("amount") - F("refunded_amount"))
    )
    return dict(nets.order_by("currency"))


def _offers(
    subscription: Subscription, plans: Sequence[Plan], now: datetime
) -> list[Offer]:
    is_active = subscription.status == SubscriptionStatus.ACTIVE
    if not is_active or subscription.past_due_since is not None:
        return []
    periods, offers = paid_periods(subscription, now), []
    for plan in plans:
        try:
            price = price_of(plan, BillingCycle(subscription.billing_cycle))
        except NotSold:
            continue
        if price > subscription.amount:
            offers.append(Offer(plan, price, upgrade_price(periods, price, now)))
        elif price < subscription.amount and not subscription.is_lifetime:
            offers.append(Offer(plan, price, None))
    return offers
