"""Numbers without a gap, whoever races, and buyers that are forgotten."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.services.users import delete_user
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import BillingCycle, Invoice, Payment, Renewal, Subscription
from billing.services.subscriptions import LifetimePaid
from billing.tests.factories import renew, subscribed

START = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def numbers():
    return sorted(Invoice.objects.values_list("year", "sequence"))


@pytest.mark.django_db(transaction=True)
def test_payments_at_once_draw_numbers_without_gap_or_twin():
    paying = [subscribed(UserFactory.create(), START) for _ in range(8)]

    all_at_once([partial(renew, each, START + DAY) for each in paying])

    assert numbers() == [(2027, number) for number in range(1, 17)]


@pytest.mark.django_db
def test_a_payment_that_fails_gives_its_number_back(alice):
    subscription = subscribed(alice, START)
    with transaction.atomic():
        renew(subscription, START + DAY)
        transaction.set_rollback(True)

    renew(subscription, START + DAY)

    assert numbers() == [(2027, 1), (2027, 2)]


@pytest.mark.django_db
def test_a_refused_payment_draws_no_number(alice):
    lifetime = subscribed(alice, START, billing_cycle=BillingCycle.LIFETIME)

    with pytest.raises(LifetimePaid):
        renew(lifetime, START + DAY)

    assert numbers() == [(2027, 1)]


@pytest.mark.django_db
def test_each_year_counts_from_one(alice):
    subscription = subscribed(alice, datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC))

    renew(subscription, datetime(2028, 1, 1, tzinfo=UTC))

    assert numbers() == [(2027, 1), (2028, 1)]
    assert str(Invoice.objects.get(year=2028)) == "2028-000001"


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"total": 1}, {"buyer_email": "x@example.com"}])
def test_an_invoice_is_not_changed(alice, change):
    subscribed(alice, START)

    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        Invoice.objects.update(**change)


@pytest.mark.django_db
def test_an_invoice_is_not_deleted(alice):
    subscribed(alice, START)

    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        Invoice.objects.all().delete()


@pytest.mark.django_db
def test_a_deleted_buyer_is_forgotten_and_the_books_stay(alice, charlie):
    subscribed(alice, START)
    subscribed(charlie, START)

    delete_user(user=alice, now=START)

    assert not Subscription.objects.filter(user_id=alice.pk).exists()
    assert Renewal.objects.count() == 1
    for model in (Payment, Invoice):
        rows = model.objects.order_by("id")
        assert [(row.buyer_name, row.buyer_email) for row in rows] == [
            ("", ""),
            (charlie.get_full_name(), charlie.email),
        ]
