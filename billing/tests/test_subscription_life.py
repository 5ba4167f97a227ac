"""Paid, late, suspended, paid again: the subscription and its license in step."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from accounts.tests.announcements import announced_by
from accounts.tests.factories import UserFactory
from billing import signals
from billing.models import (
    LIFETIME_END,
    BillingCycle,
    Invoice,
    Payment,
    Renewal,
    SubscriptionStatus,
)
from billing.services.due import SUSPENDED_FOR, note_failed_payment, settle_due
from billing.services.locks import SubscriptionOver
from billing.services.subscriptions import (
    AlreadySubscribed,
    LicenseNotOfBuyer,
    LifetimePaid,
)
from billing.tests.factories import license_of, renew, subscribed
from licensing.models import (
    HoldSource,
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseHold,
    LicenseStatus,
    LicenseType,
    Plan,
)
from licensing.standing import current_standing
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory

pytestmark = pytest.mark.django_db

START = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def code_at(subscription, now):
    """Return what the license tells an EA at a moment."""
    license = License.objects.with_standing().get(subscriptions=subscription)
    return current_standing(license, now).code


def open_holds(subscription):
    holds = LicenseHold.objects.open().filter(license=subscription.license_id)
    return sorted(holds.values_list("source", "reference"))


def test_a_start_issues_a_license_with_the_plans_terms(alice):
    subscription = subscribed(alice, START)

    license = license_of(subscription)
    plan = Plan.objects.get(license_type=LicenseType.PRO)
    assert (license.user, license.license_type) == (alice, LicenseType.PRO)
    assert license.max_accounts == plan.max_accounts
    assert license.expires_at == subscription.current_period_end
    assert (subscription.amount, subscription.anchor_day) == (plan.monthly_price, 31)


def test_a_start_leaves_one_payment_one_period_and_one_invoice(alice):
    subscription = subscribed(alice, START)

    payment = Payment.objects.get()
    renewal = Renewal.objects.get()
    invoice = Invoice.objects.get()
    assert payment.subscription_id == subscription.pk
    assert (renewal.period_start, renewal.payment_id) == (START, payment.pk)
    assert (invoice.payment_id, invoice.total) == (payment.pk, payment.amount)
    assert (invoice.buyer_email, invoice.buyer_name) == (alice.email, "Alice Adams")


def test_a_trial_becomes_a_paid_license_from_the_day_of_payment(alice):
    trial = LicenseFactory.create(
        user=alice,
        license_type=LicenseType.TRIAL,
        max_accounts=1,
        expires_at=START + 9 * DAY,
        trial_days=14,
    )

    subscription = subscribed(alice, START, license=trial)

    trial.refresh_from_db()
    assert subscription.license_id == trial.pk
    assert (trial.license_type, trial.trial_days) == (LicenseType.PRO, None)
    assert subscription.current_period_start == START
    # Jan 31 and a month: the last day of February.
    last = datetime(2027, 3, 1, 9, 30, tzinfo=UTC) - DAY
    assert trial.expires_at == subscription.current_period_end == last


def test_fourteen_renewals_on_time_meet_without_gaps(alice):
    subscription = subscribed(alice, START)

    for _ in range(14):
        renew(subscription, subscription.current_period_end)

    periods = Renewal.objects.order_by("period_start")
    assert [after.period_start for _, after in pairwise(periods)] == [
        before.period_end for before, _ in pairwise(periods)
    ]
    # The 15th month after January 2027 is April 2028.
    assert subscription.current_period_end == datetime(2028, 4, 30, 9, 30, tzinfo=UTC)
    assert Invoice.objects.count() == Payment.objects.count() == 15


def test_nine_yearly_renewals_come_back_to_the_leap_day(alice):
    leap_day = datetime(2024, 2, 29, 9, 30, tzinfo=UTC)
    subscription = subscribed(alice, leap_day, billing_cycle=BillingCycle.YEARLY)
    ends = [subscription.current_period_end]

    for _ in range(8):
        renew(subscription, subscription.current_period_end)
        ends.append(subscription.current_period_end)

    first_of_march = [
        leap_day.replace(year=2024 + n, month=3, day=1) for n in range(1, 10)
    ]
    assert ends == [each - DAY for each in first_of_march]
    license = license_of(subscription)
    assert license.expires_at == ends[-1]
    assert Renewal.objects.count() == Invoice.objects.count() == 9


def test_the_same_payment_extends_once_and_two_payments_stack(alice):
    subscription = subscribed(alice, START)

    first = renew(subscription, START + DAY, "pi_1")
    again = renew(subscription, START + DAY, "pi_1")
    second = renew(subscription, START + DAY, "pi_2")

    assert (first, again, second) == (True, False, True)
    assert subscription.current_period_start == START
    assert subscription.current_period_end == datetime(2027, 4, 30, 9, 30, tzinfo=UTC)
    assert Renewal.objects.count() == 3


def test_what_was_paid_early_is_entered_when_its_time_comes(alice):
    subscription = subscribed(alice, START)
    first_end = subscription.current_period_end
    renew(subscription, START + DAY)

    before = settle_due(now=first_end - SECOND)
    at_end = settle_due(now=first_end)

    subscription.refresh_from_db()
    assert (before, at_end) == (0, 1)
    assert subscription.current_period_start == first_end
    assert subscription.past_due_since is None


def test_late_within_grace_a_period_follows_the_old_end(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    grace = Plan.objects.get(license_type=LicenseType.PRO).grace_days * DAY
    settle_due(now=end)

    renew(subscription, end + grace - SECOND)

    assert subscription.current_period_start == end
    assert subscription.current_period_end == datetime(2027, 3, 31, 9, 30, tzinfo=UTC)
    assert (subscription.past_due_since, subscription.anchor_day) == (None, 31)


def test_late_past_grace_a_period_begins_anew(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    grace = Plan.objects.get(license_type=LicenseType.PRO).grace_days * DAY
    settle_due(now=end + grace)

    renew(subscription, end + grace)

    paid_at = end + grace  # Mar 7
    assert subscription.current_period_start == paid_at
    assert subscription.current_period_end == paid_at.replace(month=4)
    assert subscription.anchor_day == paid_at.day
    assert subscription.status == SubscriptionStatus.ACTIVE


def test_unpaid_it_is_in_grace_then_held_then_expired(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    grace = Plan.objects.get(license_type=LicenseType.PRO).grace_days * DAY
    seen = []
    for now in (
        end - SECOND,
        end,
        end + grace - SECOND,
        end + grace,
        end + grace + SUSPENDED_FOR,
    ):
        settle_due(now=now)
        subscription.refresh_from_db()
        seen.append((subscription.status, code_at(subscription, now)))

    assert seen == [
        ("active", "VALID"),
        ("active", "GRACE"),
        ("active", "GRACE"),
        ("suspended", "LICENSE_SUSPENDED"),
        ("expired", "LICENSE_SUSPENDED"),
    ]
    assert subscription.past_due_since == end
    assert open_holds(subscription) == [("billing", "past due")]


def test_dunning_tells_each_stage_once(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end

    with announced_by(signals) as heard:
        for number in range(10 * 4):
            settle_due(now=end + timedelta(hours=6 * number))

    assert heard == [
        "payment_overdue",
        "payment_overdue",
        "payment_overdue",
        "subscription_suspended",
    ]
    subscription.refresh_from_db()
    assert subscription.dunning_day == 7


def test_a_failed_payment_is_told_once_also_after_the_clock_saw_it(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end

    with announced_by(signals) as heard:
        settle_due(now=end)
        for hours in (1, 25):  # providers try again
            note_failed_payment(
                subscription=subscription,
                failed_at=end + timedelta(hours=hours),
                now=end + timedelta(hours=hours),
            )
        renew(subscription, end + 2 * DAY)
        note_failed_payment(
            subscription=subscription, failed_at=end + 40 * DAY, now=end + 40 * DAY
        )

    assert heard == ["payment_failed", "subscription_renewed", "payment_failed"]


def test_a_run_that_comes_late_tells_the_last_stage_only(alice):
    subscription = subscribed(alice, START)

    with announced_by(signals) as heard:
        settle_due(now=subscription.current_period_end + 5 * DAY)

    assert heard == ["payment_overdue"]
    subscription.refresh_from_db()
    assert subscription.dunning_day == 3


@pytest.mark.parametrize("waits", [timedelta(0), SUSPENDED_FOR])
def test_a_payment_brings_a_suspended_or_expired_subscription_back(alice, waits):
    subscription = subscribed(alice, START)
    now = subscription.current_period_end + 7 * DAY + waits
    settle_due(now=now)

    renew(subscription, now)

    assert subscription.status == SubscriptionStatus.ACTIVE
    assert (open_holds(subscription), code_at(subscription, now)) == ([], "VALID")


def test_a_payment_lifts_no_hold_but_billings(alice):
    subscription = subscribed(alice, START)
    LicenseHoldFactory.create(license=subscription.license, source=HoldSource.ADMIN)
    now = subscription.current_period_end + 7 * DAY
    settle_due(now=now)

    renew(subscription, now)

    assert open_holds(subscription) == [("admin", "")]
    assert code_at(subscription, now) == "LICENSE_SUSPENDED"
    assert subscription.status == SubscriptionStatus.ACTIVE
    assert Payment.objects.count() == Renewal.objects.count() == 2


def test_a_lifetime_is_never_due_and_takes_no_second_payment(alice):
    subscription = subscribed(alice, START, billing_cycle=BillingCycle.LIFETIME)

    moved = settle_due(now=datetime(2999, 1, 1, tzinfo=UTC))

    assert moved == 0
    assert subscription.current_period_end == LIFETIME_END
    assert license_of(subscription).expires_at is None
    with pytest.raises(LifetimePaid):
        renew(subscription, START + DAY)
    assert Payment.objects.count() == 1


def test_a_license_has_one_live_subscription(alice):
    subscription = subscribed(alice, START)

    with pytest.raises(AlreadySubscribed):
        subscribed(alice, START + DAY, license=subscription.license)

    assert Payment.objects.count() == 1


def test_a_license_of_somebody_else_is_unknown(alice, charlie):
    licensed = LicenseFactory.create(user=charlie)

    with pytest.raises(LicenseNotOfBuyer):
        subscribed(alice, START, license=licensed)

    assert not Payment.objects.exists()


def test_a_renewal_leaves_one_event_of_the_license(alice):
    subscription = subscribed(alice, START)

    renew(subscription, START + DAY)

    types = LicenseEvent.objects.filter(license_id=license_of(subscription).pk)
    assert list(types.order_by("sequence").values_list("type", flat=True)) == [
        LicenseEventType.ISSUED,
        LicenseEventType.EXTENDED,
    ]


def test_the_license_of_a_renewal_is_active_again(alice):
    subscription = subscribed(alice, START)
    settle_due(now=subscription.current_period_end + 7 * DAY)

    renew(subscription, subscription.current_period_end + 8 * DAY)

    assert license_of(subscription).status == LicenseStatus.ACTIVE


def test_other_subscriptions_are_left_alone():
    others = [subscribed(UserFactory.create(), START) for _ in range(2)]
    paid = subscribed(UserFactory.create(), START)

    renew(paid, START + DAY)

    for other in others:
        before = other.current_period_end
        other.refresh_from_db()
        assert other.current_period_end == before


def test_amounts_are_exact_decimals(alice):
    subscription = subscribed(alice, START)

    subscription.refresh_from_db()

    assert subscription.amount == Decimal("59.00")


def test_what_is_cancelled_and_over_takes_no_payment(alice):
    subscription = subscribed(alice, START)
    type(subscription).objects.update(status="cancelled", cancelled_at=START)

    with pytest.raises(SubscriptionOver):
        renew(subscription, subscription.current_period_end)

    assert Payment.objects.count() == 1
