"""Refunds and disputes, by payment, in whichever order they come."""

from decimal import Decimal
from functools import partial

import pytest

from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import (
    Dispute,
    Invoice,
    Payment,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
)
from billing.services.cancelling import (
    NothingToUndo,
    cancel_at_period_end,
    undo_cancellation,
)
from billing.services.refunds import NotRefundable, RefundOutdated
from billing.services.refunds import refund as pay_back_by_provider
from billing.services.reversals import refund_payment
from billing.services.subscriptions import AlreadySubscribed
from billing.tests.factories import license_of, receipt, renew, subscribed
from billing.tests.reversals import DAY, START, credited, dispute, refund, start
from licensing.models import License, LicenseHold, LicenseStatus
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_full_refund_cancels_and_revokes_once(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")

    news = [refund("pi_1"), refund("pi_1")]

    subscription.refresh_from_db()
    payment = Payment.objects.get()
    assert news == [True, False]
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert license_of(subscription).status == LicenseStatus.REVOKED
    assert (payment.status, payment.refunded_amount) == (
        PaymentStatus.REFUNDED,
        Decimal("59.00"),
    )


def test_a_full_refund_of_a_period_long_past_cancels_and_revokes_too(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")
    for month in range(1, 4):
        renew(subscription, START + month * 31 * DAY)

    refund("pi_1")

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert license_of(subscription).status == LicenseStatus.REVOKED
    of_others = Payment.objects.exclude(provider_id="pi_1")
    assert set(of_others.values_list("status", flat=True)) == {"succeeded"}


def test_parts_that_add_up_to_all_of_it_are_a_full_refund(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")

    refund("pi_1", "20.00")
    before = license_of(subscription).status
    refund("pi_1", "59.00")

    assert (before, license_of(subscription).status) == ("active", "revoked")


def test_a_full_refund_after_the_end_revokes_what_was_left_of_it(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")
    cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=START)

    refund_payment(
        receipt=receipt(START, provider_id="pi_1"),
        refunded=Decimal("59.00"),
        actor=SYSTEM,
        now=START + 60 * DAY,
    )

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert subscription.current_period_end < START + 60 * DAY
    assert license_of(subscription).status == LicenseStatus.REVOKED


def test_a_partial_refund_is_noted_only(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")

    news = [refund("pi_1", "20.00"), refund("pi_1", "10.00")]

    subscription.refresh_from_db()
    assert news == [True, False]  # the smaller sum is the older news
    assert Payment.objects.get().refunded_amount == Decimal("20.00")
    assert subscription.status == SubscriptionStatus.ACTIVE
    assert license_of(subscription).status == LicenseStatus.ACTIVE


def test_a_refund_touches_the_subscription_of_its_payment_only(alice):
    other = subscribed(alice, START, provider_id="pi_1")
    refunded = subscribed(alice, START, provider_id="pi_2")

    refund("pi_2")

    other.refresh_from_db()
    refunded.refresh_from_db()
    assert (other.status, refunded.status) == ("active", "cancelled")


def test_a_refund_before_fulfilment_leaves_a_marker_and_nothing_is_fulfilled(alice):
    news = refund("pi_1")

    started = start(alice, "pi_1")

    payment = Payment.objects.get()
    assert (news, started) == (True, None)
    assert (payment.status, payment.user_id) == (PaymentStatus.REFUNDED, alice.pk)
    assert not Subscription.objects.exists()
    assert not License.objects.exists()
    assert not Invoice.objects.exists()


def test_a_refund_before_a_renewal_is_not_a_renewal(alice):
    subscription = subscribed(alice, START)
    end = subscription.current_period_end
    refund("pi_2")

    is_new = renew(subscription, START + DAY, "pi_2")

    assert (is_new, subscription.current_period_end) == (False, end)
    assert Payment.objects.count() == 2


def test_a_dispute_holds_and_won_releases(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")

    dispute("pi_1", Dispute.OPEN)
    held = LicenseHold.objects.open().count()
    dispute("pi_1", Dispute.WON)

    assert (held, LicenseHold.objects.open().count()) == (1, 0)
    assert license_of(subscription).status == LicenseStatus.ACTIVE


def test_a_lost_dispute_cancels_and_revokes(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")

    dispute("pi_1", Dispute.OPEN)
    dispute("pi_1", Dispute.LOST)

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert license_of(subscription).status == LicenseStatus.REVOKED


def test_a_dispute_of_a_former_subscription_leaves_the_present_one_its_license(alice):
    former = subscribed(alice, START, provider_id="pi_1")
    cancel_at_period_end(subscription=former, actor=SYSTEM, now=START)
    present = subscribed(alice, START + DAY, license=license_of(former))

    dispute("pi_1", Dispute.OPEN)
    held = license_of(present).status
    dispute("pi_1", Dispute.LOST)

    present.refresh_from_db()
    former.refresh_from_db()
    assert (held, LicenseHold.objects.open().count()) == ("suspended", 0)
    assert (present.status, license_of(present).status) == ("active", "active")
    assert former.current_period_end <= START + DAY


def test_what_is_refunded_while_it_is_disputed_stays_revoked_when_that_is_won(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")
    dispute("pi_1", Dispute.OPEN)
    refund("pi_1")

    dispute("pi_1", Dispute.WON)

    assert license_of(subscription).status == LicenseStatus.REVOKED


@pytest.mark.parametrize("end", [Dispute.WON, Dispute.LOST])
def test_news_of_a_dispute_that_come_after_its_end_change_nothing(alice, end):
    subscribed(alice, START, provider_id="pi_1")
    dispute("pi_1", end)
    holds = LicenseHold.objects.open().count()

    news = dispute("pi_1", Dispute.OPEN)

    assert news is False
    assert Payment.objects.get().dispute == end
    assert LicenseHold.objects.open().count() == holds


def test_a_renewal_does_not_lift_the_hold_of_a_dispute(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")
    dispute("pi_1", Dispute.OPEN)

    renew(subscription, START + DAY)

    payment = Payment.objects.get(provider_id="pi_1")
    assert LicenseHold.objects.open().get().reference == f"dispute {payment.pk}"


def test_what_was_disputed_before_it_was_fulfilled_is_held(alice):
    dispute("pi_1", Dispute.OPEN)

    subscription = start(alice, "pi_1")

    assert subscription.status == SubscriptionStatus.ACTIVE
    assert LicenseHold.objects.open().get().license_id == subscription.license_id


def test_what_was_lost_before_it_was_fulfilled_is_not(alice):
    dispute("pi_1", Dispute.LOST)

    started = start(alice, "pi_1")

    assert started is None
    assert not Subscription.objects.exists()


def test_a_refund_of_a_former_subscription_leaves_the_license_of_the_present_one(alice):
    former = subscribed(alice, START, provider_id="pi_1")
    cancel_at_period_end(subscription=former, actor=SYSTEM, now=START)
    present = subscribed(alice, START + DAY, license=license_of(former))

    refund("pi_1")

    present.refresh_from_db()
    assert (present.status, license_of(present).status) == ("active", "active")


def test_a_former_subscription_does_not_come_back_beside_the_present_one(alice):
    former = subscribed(alice, START)
    cancel_at_period_end(subscription=former, actor=SYSTEM, now=START)
    subscribed(alice, START + DAY, license=license_of(former))

    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=former, actor=SYSTEM, now=START + 2 * DAY)
    with pytest.raises(AlreadySubscribed):
        renew(former, START + 2 * DAY)


# --- Paying back ----------------------------------------------------------------------
def pay_back(payment, amount, before="0.00"):
    return pay_back_by_provider(
        payment=payment,
        amount=Decimal(amount),
        refunded_before=Decimal(before),
        reason="a lost week",
        actor=SYSTEM,
        now=START + DAY,
    )


def test_what_is_paid_back_by_hand_is_noted_once(alice):
    subscribed(alice, START)
    payment = Payment.objects.get()

    news = [pay_back(payment, "20.00"), pay_back(Payment.objects.get(), "20.00")]

    (note,) = credited()
    assert news == [True, False]
    assert note[2:] == (Decimal("20.00"), "Refund: a lost week")


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_pay_back_once(rounds):
    for number in range(1, rounds + 1):
        subscription = subscribed(UserFactory.create(), START)
        payment = Payment.objects.get(subscription_id=subscription.pk)

        news = all_at_once([partial(pay_back, payment, "20.00")] * 10)

        assert sorted(news) == [False] * 9 + [True]
        payment.refresh_from_db()
        assert payment.refunded_amount == Decimal("20.00")
        assert len(credited()) == number


def test_who_decided_before_another_refund_looks_again(alice):
    subscribed(alice, START)
    payment = Payment.objects.get()
    pay_back(payment, "20.00")

    with pytest.raises(RefundOutdated):
        pay_back(payment, "30.00")

    assert Payment.objects.get().refunded_amount == Decimal("20.00")


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "59.01"])
def test_no_more_is_paid_back_than_was_paid(alice, amount):
    subscribed(alice, START)

    with pytest.raises(NotRefundable):
        pay_back(Payment.objects.get(), amount)
