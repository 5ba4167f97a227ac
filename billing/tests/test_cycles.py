"""Another cycle: a longer one at once, to the cent; any at the end of what is paid."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import pytest

from accounts.tests.announcements import announced_by
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing import signals
from billing.models import (
    LIFETIME_END,
    BillingCycle,
    Invoice,
    Payment,
    Purpose,
    Renewal,
    Subscription,
    SubscriptionStatus,
)
from billing.services.cancelling import cancel_at_period_end
from billing.services.cycles import (
    CycleUnchanged,
    MoreIsPaid,
    NotALongerCycle,
    change_cycle,
    quote_cycle,
    schedule_cycle,
)
from billing.services.due import settle_due
from billing.services.locks import NotActive, PaidTooLittle, PlanChanged
from billing.services.plans import (
    NextIsPaid,
    forget_change,
    quote_upgrade,
    schedule_downgrade,
)
from billing.tests.factories import license_of, receipt, renew, subscribed
from licensing.models import LicenseType, Plan
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

START = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MONTHLY, YEARLY, LIFETIME = BillingCycle


def price(cycle, plan_type=LicenseType.PRO):
    return getattr(Plan.objects.get(license_type=plan_type), f"{cycle}_price")


def change(subscription, cycle, now, *, amount=None, provider_id="", plan="PRO"):
    amount = amount or quote_cycle(
        subscription=subscription, billing_cycle=cycle, now=now
    )
    is_new = change_cycle(
        subscription=subscription,
        plan_type=LicenseType(plan),
        billing_cycle=cycle,
        receipt=receipt(now, str(amount), provider_id=provider_id),
        actor=SYSTEM,
        now=now,
    )
    subscription.refresh_from_db()
    return is_new


def schedule(subscription, cycle, now):
    schedule_cycle(
        subscription=subscription, billing_cycle=cycle, actor=SYSTEM, now=now
    )
    subscription.refresh_from_db()


def terms(subscription):
    subscription.refresh_from_db()
    return subscription.plan_type, subscription.billing_cycle, subscription.amount


def counting():
    return list(Renewal.objects.uncredited().order_by("period_start"))


# --- At once --------------------------------------------------------------------------
def test_a_year_costs_its_price_less_the_seconds_that_are_left_to_the_cent(alice):
    subscription = subscribed(alice, START)
    now = START + 11 * DAY + timedelta(hours=7, minutes=13, seconds=29)

    quoted = quote_cycle(subscription=subscription, billing_cycle=YEARLY, now=now)

    left = int((subscription.current_period_end - now).total_seconds())
    length = 28 * 24 * 3600  # Jan 31 to Feb 28
    exact = price(YEARLY) - price(MONTHLY) * left / length
    assert quoted == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_year_begins_at_once_and_its_day_is_the_new_anchor(alice):
    subscription = subscribed(alice, START)
    now = START + 14 * DAY  # Feb 14: half of the month is left

    with announced_by(signals) as heard:
        change(subscription, YEARLY, now)

    assert terms(subscription) == ("PRO", YEARLY, price(YEARLY))
    assert (subscription.current_period_start, subscription.anchor_day) == (now, 14)
    assert subscription.current_period_end == now.replace(year=2028)
    assert license_of(subscription).expires_at == subscription.current_period_end
    assert heard == ["cycle_changed"]


def test_the_invoice_of_a_change_tells_what_was_counted_towards_it(alice):
    subscription = subscribed(alice, START)

    change(subscription, YEARLY, START + 14 * DAY)

    invoice = Invoice.objects.latest("sequence")
    payment = Payment.objects.get(purpose=Purpose.CYCLE)
    amounts = [Decimal(line["amount"]) for line in invoice.lines]
    half_a_month = price(MONTHLY) / 2
    assert amounts == [price(YEARLY), -half_a_month]
    assert sum(amounts) == invoice.total == payment.amount
    assert invoice.lines[1]["text"] == "Rest of Pro Monthly"


def test_what_was_paid_early_is_counted_and_never_again(alice):
    subscription = subscribed(alice, START)
    renew(subscription, START + DAY)

    change(subscription, YEARLY, START + 14 * DAY)

    paid = Payment.objects.get(purpose=Purpose.CYCLE).amount
    assert paid == price(YEARLY) - price(MONTHLY) * Decimal("1.5")
    (year,) = counting()
    assert (year.price, Renewal.objects.count()) == (price(YEARLY), 3)
    settle_due(now=START + 40 * DAY)  # when the second month would have begun
    subscription.refresh_from_db()
    assert subscription.current_period_start == START + 14 * DAY
    dearer = quote_upgrade(
        subscription=subscription,
        plan_type=LicenseType.ENTERPRISE,
        now=START + 14 * DAY,
    )
    assert dearer == price(YEARLY, "ENTERPRISE") - price(YEARLY)


def test_there_and_back_costs_what_was_told(alice):
    subscription = subscribed(alice, START)
    change(subscription, YEARLY, START)
    end = subscription.current_period_end

    schedule(subscription, MONTHLY, START + DAY)
    settle_due(now=end)
    renew(subscription, end)

    amounts = Payment.objects.order_by("id").values_list("amount", flat=True)
    assert list(amounts) == [price(MONTHLY), price(YEARLY) - price(MONTHLY), 59]
    assert terms(subscription) == ("PRO", MONTHLY, price(MONTHLY))
    assert subscription.current_period_start == end
    assert (subscription.current_period_end - end).days == 29  # Jan 31 to Feb 29


def test_a_lifetime_counts_what_is_left_of_a_year(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)
    half = START + (subscription.current_period_end - START) / 2

    change(subscription, LIFETIME, half)

    assert Payment.objects.get(purpose=Purpose.CYCLE).amount == (
        price(LIFETIME) - price(YEARLY) / 2
    )
    assert subscription.current_period_end == LIFETIME_END
    assert license_of(subscription).expires_at is None


def test_the_same_payment_changes_once(alice):
    subscription = subscribed(alice, START)

    first = change(subscription, YEARLY, START + DAY, amount="540.00", provider_id="p")
    again = change(subscription, YEARLY, START + DAY, amount="540.00", provider_id="p")

    assert (first, again) == (True, False)
    assert Payment.objects.count() == Invoice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_payment_ten_times_at_once_changes_once():
    subscription = subscribed(UserFactory.create(), START)
    told = partial(
        change_cycle,
        subscription=subscription,
        plan_type=LicenseType.PRO,
        billing_cycle=YEARLY,
        receipt=receipt(START + DAY, "533.11"),
        actor=SYSTEM,
        now=START + DAY,
    )

    news = all_at_once([told] * 10)

    assert sorted(news) == [False] * 9 + [True]
    assert Payment.objects.count() == Invoice.objects.count() == 2
    assert len(counting()) == 1


def test_who_paid_for_more_than_a_year_waits_for_the_end(alice):
    subscription = subscribed(alice, START)
    for _ in range(11):
        renew(subscription, START + DAY)

    with pytest.raises(MoreIsPaid):
        quote_cycle(subscription=subscription, billing_cycle=YEARLY, now=START + DAY)


def test_a_shorter_cycle_does_not_begin_at_once(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)

    for cycle in (YEARLY, MONTHLY):
        with pytest.raises(NotALongerCycle):
            change(subscription, cycle, START, amount="59.00")


def test_a_quote_of_another_plan_or_of_last_week_is_not_enough(alice):
    subscription = subscribed(alice, START)
    now = START + 14 * DAY
    last_week = quote_cycle(
        subscription=subscription, billing_cycle=YEARLY, now=now - 7 * DAY
    )
    today = quote_cycle(subscription=subscription, billing_cycle=YEARLY, now=now - DAY)

    with pytest.raises(PaidTooLittle):
        change(subscription, YEARLY, now, amount=last_week)
    with pytest.raises(PlanChanged):
        change(subscription, YEARLY, now, plan="ENTERPRISE")
    assert change(subscription, YEARLY, now, amount=today) is True


def test_who_is_past_due_pays_first_and_who_paid_meanwhile_is_active(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    settle_due(now=end + 7 * DAY)

    with pytest.raises(NotActive):
        quote_cycle(subscription=subscription, billing_cycle=YEARLY, now=end)
    change(subscription, YEARLY, end + 8 * DAY, amount=price(YEARLY))

    assert subscription.status == SubscriptionStatus.ACTIVE
    assert (subscription.past_due_since, subscription.dunning_day) == (None, 0)
    assert license_of(subscription).status == "active"


def test_who_cancelled_and_still_pays_for_a_year_leaves_after_it(alice):
    subscription = subscribed(alice, START)
    quoted = quote_cycle(subscription=subscription, billing_cycle=YEARLY, now=START)
    cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=START)

    change(subscription, YEARLY, START + SECOND, amount=quoted)

    assert subscription.status == SubscriptionStatus.CANCELLED
    assert subscription.cancel_at_period_end is True
    assert subscription.current_period_end.year == 2028


# --- At the end -----------------------------------------------------------------------
def test_a_shorter_cycle_waits_for_the_end(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)
    end = subscription.current_period_end

    with announced_by(signals) as heard:
        schedule(subscription, MONTHLY, START + DAY)
        settle_due(now=end - SECOND)
        before = terms(subscription)
        settle_due(now=end)

    assert before == ("PRO", YEARLY, price(YEARLY))
    assert terms(subscription) == ("PRO", MONTHLY, price(MONTHLY))
    assert subscription.next_billing_cycle is None
    assert heard == ["cycle_change_scheduled", "cycle_changed"]


def test_a_period_paid_early_has_the_length_and_price_of_the_next_cycle(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)
    end = subscription.current_period_end
    schedule(subscription, MONTHLY, START)

    renew(subscription, START + DAY)

    later = Renewal.objects.get(period_start=end)
    assert later.price == price(MONTHLY)
    # Jan 31, 2028 and a month: a leap year's February.
    assert later.period_end == end.replace(month=2, day=29)
    assert subscription.current_period_end == later.period_end
    with pytest.raises(NextIsPaid):
        forget_change(subscription=subscription, actor=SYSTEM, now=START + DAY)
    with pytest.raises(NextIsPaid):
        quote_upgrade(
            subscription=subscription, plan_type=LicenseType.ENTERPRISE, now=START
        )


def test_a_smaller_plan_and_another_cycle_begin_together(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)
    end = subscription.current_period_end
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )
    schedule(subscription, MONTHLY, START)

    with announced_by(signals) as heard:
        settle_due(now=end)

    assert terms(subscription) == ("BASIC", MONTHLY, price(MONTHLY, "BASIC"))
    assert heard == ["subscription_downgraded", "cycle_changed"]


def test_a_scheduled_cycle_is_forgotten_once(alice):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)
    schedule(subscription, MONTHLY, START)

    forget_change(subscription=subscription, actor=SYSTEM, now=START + DAY)

    settle_due(now=subscription.current_period_end)
    assert terms(subscription) == ("PRO", YEARLY, price(YEARLY))


@pytest.mark.parametrize("cycle", [YEARLY, LIFETIME])
def test_what_is_no_change_at_the_end_is_refused(alice, cycle):
    subscription = subscribed(alice, START, billing_cycle=YEARLY)

    with pytest.raises(CycleUnchanged):
        schedule(subscription, cycle, START)


def test_other_subscriptions_keep_their_cycle(alice, charlie):
    others = subscribed(charlie, START)

    change(subscribed(alice, START), YEARLY, START + DAY)

    assert terms(others) == ("PRO", MONTHLY, price(MONTHLY))
    assert Subscription.objects.filter(billing_cycle=YEARLY).count() == 1
