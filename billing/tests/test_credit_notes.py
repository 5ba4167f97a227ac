"""What went back of an invoice is credited once, under a number of its own."""

from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.services.users import delete_user
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import (
    CreditNote,
    Dispute,
    Invoice,
    Payment,
)
from billing.tests.factories import subscribed
from billing.tests.reversals import START, credited, dispute, refund, start

pytestmark = pytest.mark.django_db


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
