"""The back office: paid by hand once, revenue by month, what did not work again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from billing import queries
from billing.models import Payment, ProviderEvent, Renewal
from billing.services.reversals import refund_payment
from billing.tests import stripe_payloads as stripe
from billing.tests.factories import receipt, renew, subscribed
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def staff(client):
    client.force_login(AdminFactory.create())
    return client


def paid_url(subscription):
    return reverse("admin:billing_subscription_paid", args=[subscription.pk])


def test_a_payment_by_hand_counts_once_by_its_reference(staff, alice):
    subscription = subscribed(alice, START)

    form = staff.get(paid_url(subscription)).content.decode()
    for _ in range(2):
        staff.post(paid_url(subscription), {"reference": "Transfer 4711"})

    payment = Payment.objects.latest("id")
    assert "59.00 USD" in form
    assert payment.provider_id == f"{subscription.pk} Transfer 4711"
    assert Payment.objects.count() == Renewal.objects.count() == 2


@pytest.mark.parametrize("reference", ["", "   ", "<b></b>"])
def test_a_payment_by_hand_needs_a_reference(staff, alice, reference):
    subscription = subscribed(alice, START)

    staff.post(paid_url(subscription), {"reference": reference})

    assert Payment.objects.count() == 1


def test_a_reseller_without_permission_marks_nothing(client, alice, bob):
    subscription = subscribed(alice, START)
    client.force_login(bob)

    answer = client.post(paid_url(subscription), {"reference": "1"})

    assert (answer.status_code, Payment.objects.count()) == (403, 1)


def test_revenue_is_by_month_and_currency_less_what_was_paid_back(alice):
    subscription = subscribed(alice, START, provider_id="pi_1")
    renew(subscription, START + 40 * DAY)
    Payment.objects.filter(provider_id="pi_1").update(paid_at=START)
    other = subscribed(alice, START + DAY)
    Payment.objects.filter(subscription_id=other.pk).update(currency="EUR")
    refund_payment(
        receipt=receipt(START, provider_id="pi_1"),
        refunded=Decimal("19.00"),
        actor=SYSTEM,
        now=START + 50 * DAY,
    )

    rows = list(queries.revenue_by_month(Payment.objects.all()))

    shape = [
        (f"{row['month']:%Y-%m}", row["currency"], row["payments"], row["net"])
        for row in rows
    ]
    assert shape == [
        ("2026-11", "USD", 1, Decimal("59.00")),
        ("2026-10", "EUR", 1, Decimal("59.00")),
        ("2026-10", "USD", 1, Decimal("40.00")),
    ]


def test_the_revenue_page_shows_it_to_who_may_see_payments(client, staff, alice, bob):
    subscribed(alice, START)
    url = reverse("admin:billing_payment_revenue")

    shown = staff.get(url).content.decode()
    client.force_login(bob)

    assert "2026-10" in shown
    assert client.get(url).status_code == 403


def test_an_event_that_was_given_up_is_tried_again_by_hand(staff, alice, settings):
    settings.STRIPE_WEBHOOK_SECRET = stripe.SECRET
    deleted = stripe.event(
        "customer.subscription.deleted", stripe.subscription(), at=stripe.at(9)
    )
    stripe.send(deleted)
    stripe.send(
        stripe.event("invoice.paid", stripe.invoice(alice, "pi_1"), at=stripe.at(1))
    )
    waiting = ProviderEvent.objects.get(handled_at=None)

    staff.post(
        reverse("admin:billing_providerevent_changelist"),
        {"action": "try_again", "_selected_action": [str(waiting.pk)]},
    )

    assert not ProviderEvent.objects.filter(handled_at=None).exists()


def test_staff_cancel_at_once(staff, alice):
    subscription = subscribed(alice, START)

    staff.post(
        reverse("admin:billing_subscription_changelist"),
        {"action": "cancel_at_once", "_selected_action": [str(subscription.pk)]},
    )

    subscription.refresh_from_db()
    assert subscription.status == "cancelled"
