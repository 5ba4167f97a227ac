"""Refunds and disputes, by payment, in whichever order they come."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.services.users import delete_user
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import (
    BillingCycle,
    CreditNote,
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
from billing.services.reversals import note_dispute, refund_payment
from billing.services.subscriptions import AlreadySubscribed, start_subscription
from billing.tests.factories import license_of, receipt, renew, subscribed
from licensing.models import License, LicenseHold, LicenseStatus, LicenseType
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

START = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def refund(provider_id, refunded="59.00"):
    return refund_payment(
        receipt=receipt(START, provider_id=provider_id),
        refunded=Decimal(refunded),
        actor=SYSTEM,
        now=START + DAY,
    )


def dispute(provider_id, state, amount="59.00"):
    return note_dispute(
        receipt=receipt(START, amount, provider_id=provider_id),
        dispute=state,
        actor=SYSTEM,
        now=START + DAY,
    )


def start(user, provider_id):
    return start_subscription(
        user=user,
        plan_type=LicenseType.PRO,
        billing_cycle=BillingCycle.MONTHLY,
        receipt=receipt(START, provider_id=provider_id),
        actor=SYSTEM,
        now=START,
    )


def credited():
    """Return the credit notes: number, invoice, amount and what they are for."""
    notes = CreditNote.objects.select_related("invoice").order_by("sequence")
    return [
        (each.number, each.invoice.number, each.total, each.lines[0]["text"])
        for each in notes
    ]


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
    cancel_at_period_end(subscription=former, now=START)
    present = subscribed(alice, START + DAY, license=license_of(former))

    refund("pi_1")

    present.refresh_from_db()
    assert (present.status, license_of(present).status) == ("active", "active")


def test_a_former_subscription_does_not_come_back_beside_the_present_one(alice):
    former = subscribed(alice, START)
    cancel_at_period_end(subscription=former, now=START)
    subscribed(alice, START + DAY, license=license_of(former))

    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=former, now=START + 2 * DAY)
    with pytest.raises(AlreadySubscribed):
        renew(former, START + 2 * DAY)


# --- Credit notes ---------------------------------------------------------------------
def test_each_refund_is_credited_once_under_a_number_of_its_own(alice):
    subscribed(alice, START, provider_id="pi_1")

    for sum_so_far in ("20.00", "20.00", "10.00", "59.00", "59.00"):
        refund("pi_1", sum_so_far)

    invoice = Invoice.objects.get()
    assert credited() == [
        ("C2027-000001", invoice.number, Decimal("20.00"), "Refund"),
        ("C2027-000002", invoice.number, Decimal("39.00"), "Refund"),
    ]
    note = CreditNote.objects.latest("sequence")
    assert (note.buyer_email, note.user_id) == (alice.email, alice.pk)
    assert (note.payment_id, note.currency) == (invoice.payment_id, "USD")


def test_a_lost_dispute_is_credited_and_a_won_one_is_not(alice, charlie):
    for user, paid_by in ((alice, "pi_1"), (charlie, "pi_2")):
        subscribed(user, START, provider_id=paid_by)
        dispute(paid_by, Dispute.OPEN)

    dispute("pi_1", Dispute.LOST)
    dispute("pi_1", Dispute.LOST)
    dispute("pi_2", Dispute.WON)

    invoice = Invoice.objects.get(user_id=alice.pk)
    assert credited() == [
        ("C2027-000001", invoice.number, Decimal("59.00"), "Taken back by the bank")
    ]
    lost = Payment.objects.order_by("id").values_list("lost_amount", flat=True)
    assert list(lost) == [Decimal("59.00"), Decimal(0)]


def test_refund_and_lost_dispute_together_credit_no_more_than_was_paid(alice):
    subscribed(alice, START, provider_id="pi_1")

    refund("pi_1", "20.00")
    dispute("pi_1", Dispute.LOST, "59.00")
    refund("pi_1", "59.00")

    payment = Payment.objects.get()
    amounts = [amount for _, _, amount, _ in credited()]
    assert amounts == [Decimal("20.00"), Decimal("39.00")]
    assert (payment.refunded_amount, payment.lost_amount) == tuple(amounts)


def test_a_part_that_was_refunded_before_fulfilment_is_credited_with_it(alice):
    refund("pi_1", "20.00")
    before = credited()

    start(alice, "pi_1")

    invoice = Invoice.objects.get()
    assert before == []
    assert credited() == [("C2027-000001", invoice.number, Decimal("20.00"), "Refund")]


def test_what_was_never_invoiced_is_not_credited(alice):
    refund("pi_1")

    start(alice, "pi_1")

    assert credited() == []


@pytest.mark.django_db(transaction=True)
def test_refunds_at_once_draw_numbers_without_gap_or_twin():
    users = UserFactory.create_batch(6)
    for number, user in enumerate(users):
        subscribed(user, START, provider_id=f"pi_{number}")

    told = [partial(refund, f"pi_{number}") for number in range(6)]
    news = all_at_once(told * 2)

    assert sorted(news) == [False] * 6 + [True] * 6
    numbers = CreditNote.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5, 6]
    assert CreditNote.objects.values("invoice").distinct().count() == 6


@pytest.mark.parametrize("change", [{"total": 1}, {"buyer_email": "x@example.com"}])
def test_a_credit_note_is_neither_changed_nor_deleted(alice, change):
    subscribed(alice, START, provider_id="pi_1")
    refund("pi_1")

    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        CreditNote.objects.update(**change)
    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        CreditNote.objects.all().delete()


def test_a_credit_note_outlives_its_buyer_and_forgets_them(alice):
    subscribed(alice, START, provider_id="pi_1")
    refund("pi_1", "20.00")

    delete_user(user=alice, now=START)
    refund("pi_1", "30.00")

    notes = CreditNote.objects.order_by("sequence")
    told = [(each.total, each.buyer_name, each.buyer_email) for each in notes]
    assert told == [(Decimal("20.00"), "", ""), (Decimal("10.00"), "", "")]


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
def test_ten_clicks_at_once_pay_back_once():
    subscribed(UserFactory.create(), START)
    payment = Payment.objects.get()

    news = all_at_once([partial(pay_back, payment, "20.00")] * 10)

    assert sorted(news) == [False] * 9 + [True]
    assert Payment.objects.get().refunded_amount == Decimal("20.00")
    assert len(credited()) == 1


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
