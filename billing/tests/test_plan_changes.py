"""Dearer at once, to the cent; cheaper at the end; cancelled, undone, at once."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from accounts.tests.announcements import announced_by
from billing import signals
from billing.models import (
    BillingCycle,
    Invoice,
    Payment,
    Purpose,
    Renewal,
    SubscriptionStatus,
)
from billing.services.cancelling import (
    NotCancellable,
    NothingToUndo,
    cancel_at_period_end,
    cancel_now,
    undo_cancellation,
)
from billing.services.due import settle_due
from billing.services.locks import NotActive, PaidTooLittle, PlanChanged
from billing.services.plans import (
    NextIsPaid,
    NoChangeAhead,
    NotADowngrade,
    NotAnUpgrade,
    forget_change,
    quote_upgrade,
    schedule_downgrade,
    upgrade_subscription,
)
from billing.tests.factories import license_of, receipt, renew, subscribed
from bots.tests.factories import BotInstanceFactory
from licensing.models import LicenseHold, LicenseType, Plan
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

START = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def price(plan_type, field="monthly_price"):
    return getattr(Plan.objects.get(license_type=plan_type), field)


def upgrade(subscription, plan_type, now, amount=None, provider_id=""):
    amount = amount or quote_upgrade(
        subscription=subscription, plan_type=plan_type, now=now
    )
    is_new = upgrade_subscription(
        subscription=subscription,
        plan_type=plan_type,
        billing_cycle=BillingCycle(subscription.billing_cycle),
        receipt=receipt(now, str(amount), provider_id=provider_id),
        actor=SYSTEM,
        now=now,
    )
    subscription.refresh_from_db()
    return is_new


def test_an_upgrade_mid_period_costs_the_difference_by_seconds_to_the_cent(alice):
    subscription = subscribed(alice, START)
    now = START + 11 * DAY + timedelta(hours=7, minutes=13, seconds=29)

    quoted = quote_upgrade(
        subscription=subscription, plan_type=LicenseType.ENTERPRISE, now=now
    )

    left = int((subscription.current_period_end - now).total_seconds())
    length = 31 * 24 * 3600  # March
    difference = price(LicenseType.ENTERPRISE) - price(LicenseType.PRO)
    exact = difference * left / length
    assert quoted == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_an_upgrade_is_in_force_at_once_and_keeps_the_period(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end

    upgrade(subscription, LicenseType.ENTERPRISE, START + 10 * DAY)

    license = license_of(subscription)
    plan = Plan.objects.get(license_type=LicenseType.ENTERPRISE)
    assert (subscription.plan_type, subscription.amount) == (
        plan.license_type,
        plan.monthly_price,
    )
    assert subscription.current_period_end == license.expires_at == end
    assert (license.license_type, license.max_accounts) == (
        plan.license_type,
        plan.max_accounts,
    )
    invoice = Invoice.objects.latest("sequence")
    assert (invoice.sequence, invoice.total) == (2, Payment.objects.latest("id").amount)


def test_two_upgrades_of_a_period_cost_what_one_does(alice, charlie):
    steps, leap = subscribed(alice, START), subscribed(charlie, START)
    for each in (steps, leap):
        type(each).objects.filter(pk=each.pk).update(
            plan_type=LicenseType.BASIC, amount=price(LicenseType.BASIC)
        )
        each.renewals.update(price=price(LicenseType.BASIC))
    now = START + timedelta(days=15, hours=12)  # half of March

    upgrade(steps, LicenseType.PRO, now)
    upgrade(steps, LicenseType.ENTERPRISE, now)
    upgrade(leap, LicenseType.ENTERPRISE, now)

    paid = Payment.objects.filter(purpose=Purpose.UPGRADE)
    of_steps = sum(each.amount for each in paid.filter(user_id=alice.pk))
    assert of_steps == paid.get(user_id=charlie.pk).amount == Decimal("60.00")


def test_an_upgrade_also_covers_what_was_paid_early(alice):
    subscription = subscribed(alice, START)
    renew(subscription, START + DAY)  # April: 30 days

    quoted = quote_upgrade(
        subscription=subscription, plan_type=LicenseType.ENTERPRISE, now=START
    )

    difference = price(LicenseType.ENTERPRISE) - price(LicenseType.PRO)
    assert quoted == 2 * difference


def test_a_lifetime_upgrade_costs_the_whole_difference(alice):
    subscription = subscribed(
        alice,
        START,
        plan_type=LicenseType.BASIC,
        billing_cycle=BillingCycle.LIFETIME,
    )

    quoted = quote_upgrade(
        subscription=subscription, plan_type=LicenseType.PRO, now=START + 400 * DAY
    )

    dearer = price(LicenseType.PRO, "lifetime_price")
    assert quoted == dearer - price(LicenseType.BASIC, "lifetime_price")


def test_the_same_upgrade_payment_counts_once(alice):
    subscription = subscribed(alice, START)

    first = upgrade(subscription, LicenseType.ENTERPRISE, START + DAY, "90.00", "pi_1")
    again = upgrade(subscription, LicenseType.ENTERPRISE, START + DAY, "90.00", "pi_1")

    assert (first, again) == (True, False)
    assert Payment.objects.count() == Invoice.objects.count() == 2


def test_a_cheaper_plan_is_no_upgrade_and_a_dearer_one_no_downgrade(alice):
    subscription = subscribed(alice, START)

    with pytest.raises(NotAnUpgrade):
        upgrade(subscription, LicenseType.BASIC, START)
    with pytest.raises(NotADowngrade):
        schedule_downgrade(
            subscription=subscription,
            plan_type=LicenseType.ENTERPRISE,
            actor=SYSTEM,
            now=START,
        )


def test_who_is_past_due_pays_before_they_upgrade(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    settle_due(now=end)

    with pytest.raises(NotActive):
        upgrade(subscription, LicenseType.ENTERPRISE, end)


def test_a_downgrade_waits_for_the_end_and_costs_less_from_there(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    scheduled = schedule_downgrade(
        subscription=subscription,
        plan_type=LicenseType.BASIC,
        actor=SYSTEM,
        now=START + 5 * DAY,
    )

    settle_due(now=end - SECOND)
    subscription.refresh_from_db()
    before = (subscription.plan_type, subscription.amount)
    settle_due(now=end)
    subscription.refresh_from_db()

    assert scheduled.at == end
    assert before == (LicenseType.PRO, price(LicenseType.PRO))
    assert (subscription.plan_type, subscription.amount) == (
        LicenseType.BASIC,
        price(LicenseType.BASIC),
    )
    assert subscription.next_plan_type is None
    assert license_of(subscription).license_type == LicenseType.BASIC
    assert license_of(subscription).max_accounts == 1


def test_a_period_paid_early_has_the_price_of_the_smaller_plan(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )

    renew(subscription, START + DAY)
    still = subscription.plan_type
    settle_due(now=end)

    subscription.refresh_from_db()
    later = Renewal.objects.get(period_start=end)
    assert (still, subscription.plan_type) == (LicenseType.PRO, LicenseType.BASIC)
    assert (later.price, later.plan_type) == (
        price(LicenseType.BASIC),
        LicenseType.BASIC,
    )


def test_a_downgrade_warns_of_accounts_that_are_in_use_beyond_it(alice):
    subscription = subscribed(alice, START)
    BotInstanceFactory.create_batch(3, license=subscription.license)

    scheduled = schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )

    assert scheduled.accounts_beyond == 2


def test_a_downgrade_is_forgotten_once(alice):
    subscription = subscribed(alice, START)
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )

    forget_change(subscription=subscription, actor=SYSTEM, now=START + DAY)

    settle_due(now=subscription.current_period_end)
    subscription.refresh_from_db()
    assert subscription.plan_type == LicenseType.PRO
    with pytest.raises(NoChangeAhead):
        forget_change(subscription=subscription, actor=SYSTEM, now=START + DAY)


def test_what_is_paid_for_at_the_smaller_plans_price_is_not_undone(alice):
    subscription = subscribed(alice, START)
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )
    renew(subscription, START + DAY)

    with pytest.raises(NextIsPaid):
        forget_change(subscription=subscription, actor=SYSTEM, now=START + DAY)
    with pytest.raises(NextIsPaid):
        schedule_downgrade(
            subscription=subscription,
            plan_type=LicenseType.BASIC,
            actor=SYSTEM,
            now=START + DAY,
        )


def test_an_old_quote_pays_for_no_period_that_was_paid_since(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    quoted = quote_upgrade(
        subscription=subscription,
        plan_type=LicenseType.ENTERPRISE,
        now=end - timedelta(hours=1),
    )
    renew(subscription, end)

    with pytest.raises(PaidTooLittle):
        upgrade(subscription, LicenseType.ENTERPRISE, end, quoted)

    subscription.refresh_from_db()
    assert subscription.plan_type == LicenseType.PRO


def test_an_upgrade_is_for_the_cycle_that_it_was_quoted_for(alice):
    subscription = subscribed(alice, START, billing_cycle=BillingCycle.YEARLY)

    with pytest.raises(PlanChanged):
        upgrade_subscription(
            subscription=subscription,
            plan_type=LicenseType.ENTERPRISE,
            billing_cycle=BillingCycle.MONTHLY,
            receipt=receipt(START, "90.00"),
            actor=SYSTEM,
            now=START,
        )


def test_an_upgrade_forgets_the_smaller_plan(alice):
    subscription = subscribed(alice, START)
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )

    upgrade(subscription, LicenseType.ENTERPRISE, START + DAY)

    assert subscription.next_plan_at is None


# --- Cancelling -----------------------------------------------------------------------
def test_a_cancelled_subscription_runs_to_its_end_and_is_not_dunned(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end

    with announced_by(signals) as heard:
        first = cancel_at_period_end(
            subscription=subscription, actor=SYSTEM, now=START + DAY
        )
        again = cancel_at_period_end(
            subscription=subscription, actor=SYSTEM, now=START + 2 * DAY
        )
        settle_due(now=end + 30 * DAY)

    subscription.refresh_from_db()
    assert (first, again, heard) == (True, False, ["subscription_cancelled"])
    assert subscription.cancelled_at == START + DAY
    assert license_of(subscription).expires_at == subscription.current_period_end == end
    assert not LicenseHold.objects.exists()


def test_a_cancellation_is_undone_until_the_end(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=START)

    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=subscription, actor=SYSTEM, now=end)
    undo_cancellation(subscription=subscription, actor=SYSTEM, now=end - SECOND)

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.ACTIVE
    assert (subscription.cancelled_at, subscription.cancel_at_period_end) == (
        None,
        False,
    )
    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=subscription, actor=SYSTEM, now=START)


def test_cancelled_at_once_it_ends_and_its_license_is_held(alice):
    subscription = subscribed(alice, START)
    now = START + 3 * DAY

    first = cancel_now(subscription=subscription, actor=SYSTEM, now=now)
    again = cancel_now(subscription=subscription, actor=SYSTEM, now=now + DAY)

    subscription.refresh_from_db()
    assert (first, again) == (True, False)
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert subscription.current_period_end == subscription.cancelled_at == now
    assert LicenseHold.objects.open().get().reference == "cancelled"
    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=subscription, actor=SYSTEM, now=now)


def test_who_comes_back_gets_the_same_license_back(alice):
    subscription = subscribed(alice, START)
    cancel_now(subscription=subscription, actor=SYSTEM, now=START + DAY)

    again = subscribed(alice, START + 9 * DAY, license=subscription.license)

    assert not LicenseHold.objects.open().exists()
    assert license_of(again).status == "active"
    assert license_of(again).expires_at == again.current_period_end


def test_a_lifetime_has_no_end_to_be_cancelled_at(alice):
    subscription = subscribed(alice, START, billing_cycle=BillingCycle.LIFETIME)

    with pytest.raises(NotCancellable):
        cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=START + DAY)
