"""Stripe's webhooks: signed, kept, and what each of them does."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.services.users import delete_user
from billing.models import (
    Payment,
    ProviderEvent,
    Subscription,
    SubscriptionStatus,
)
from billing.tests import stripe_payloads as stripe
from billing.tests.stripe_payloads import at, event, send
from billing.tests.webhook_world import errors, ledger, started

pytestmark = pytest.mark.django_db
LONGEST_SECONDS = 60
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stripe_is_set_up(settings):
    settings.STRIPE_WEBHOOK_SECRET = stripe.SECRET


# --- The door -------------------------------------------------------------------------
def test_a_first_invoice_starts_a_subscription(alice):
    subscription = started(alice)

    payment = Payment.objects.get()
    assert (subscription.user, subscription.payment_method) == (alice, "stripe")
    assert subscription.provider_customer_id == "cus_1"
    assert (payment.provider_id, payment.amount) == ("pi_1", Decimal("59.00"))
    assert ledger() == (1, 1, 1)


@pytest.mark.parametrize(
    "signature",
    [
        lambda _body: "",
        lambda _body: "t=1,v1=00",
        lambda _body: "rubbish",
        lambda body: stripe.signature(body, secret="whsec_another"),
        lambda body: stripe.signature(body, age=301),
        lambda body: stripe.signature(body + b" "),
    ],
)
def test_what_is_not_signed_by_stripe_just_now_is_refused_and_not_kept(
    client, alice, signature
):
    body = json.dumps(event("invoice.paid", {}, at=at(1))).encode()

    answer = client.post(
        stripe.PATH,
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature(body)},
    )

    assert answer.status_code == 400
    assert not ProviderEvent.objects.exists()


def test_a_signature_of_four_minutes_ago_is_good(client, alice):
    body = json.dumps(event("ping", {}, at=at(1))).encode()

    answer = client.post(
        stripe.PATH,
        body,
        content_type="application/json",
        headers={"Stripe-Signature": stripe.signature(body, age=240)},
    )

    assert answer.status_code == 200


def test_without_a_secret_every_call_is_refused(settings, alice):
    settings.STRIPE_WEBHOOK_SECRET = ""

    assert send(event("ping", {}, at=at(1))) == 400


@pytest.mark.parametrize("told", [{"object": "event"}, {"object": "event", "id": "e"}])
def test_a_signed_body_that_is_no_event_is_refused(told):
    assert send(told) == 400


def test_an_event_that_we_do_not_listen_to_is_kept_and_done():
    assert send(event("product.created", {}, at=at(1))) == 200

    assert ProviderEvent.objects.get().handled_at is not None


def test_an_event_of_another_version_is_kept_and_not_understood(alice):
    told = event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1))

    status = send({**told, "api_version": "2026-10-28.endive"})

    assert (status, errors()) == (200, ["NotUnderstood"])
    assert ledger() == (0, 0, 0)


# --- What they do ---------------------------------------------------------------------
def test_another_cycle_comes_by_a_checkout_once(alice):
    subscription = started(alice)
    yearly = stripe.wanted(
        alice,
        purpose="cycle",
        billing_cycle="yearly",
        subscription_id=str(subscription.pk),
    )
    told = stripe.checkout(alice, "pi_2", metadata=yearly, amount_total=53100)

    for _ in range(10):
        send(event("checkout.session.completed", told, at=at(2)))
    nothing = stripe.invoice(alice, "pi_3", reason="subscription_update", amount=0)
    send(event("invoice.paid", nothing, at=at(3)))

    subscription.refresh_from_db()
    assert (subscription.billing_cycle, subscription.amount) == ("yearly", 590)
    assert (errors(), ledger()) == ([], (2, 2, 2))
    assert subscription.is_provider_behind is True


def test_a_lifetime_outlives_its_subscription_at_stripe(alice):
    subscription = started(alice)
    Subscription.objects.update(billing_cycle="lifetime")

    send(event("customer.subscription.deleted", stripe.subscription(), at=at(9)))

    subscription.refresh_from_db()
    assert (errors(), subscription.status) == ([], SubscriptionStatus.ACTIVE)


def test_a_lifetime_and_an_upgrade_come_by_a_checkout(alice):
    bought = stripe.checkout(
        alice,
        "pi_1",
        metadata=stripe.wanted(alice, billing_cycle="lifetime", plan_type="BASIC"),
        amount_total=69000,
    )
    send(event("checkout.session.completed", bought, at=at(1)))
    subscription = Subscription.objects.get()
    upgrade = stripe.wanted(
        alice,
        purpose="upgrade",
        billing_cycle="lifetime",
        subscription_id=str(subscription.pk),
    )

    told = stripe.checkout(alice, "pi_2", metadata=upgrade, amount_total=70000)
    for _ in range(2):
        send(event("checkout.session.completed", told, at=at(2)))

    subscription.refresh_from_db()
    amounts = Payment.objects.order_by("id").values_list("amount", flat=True)
    assert subscription.plan_type == "PRO"
    assert list(amounts) == [Decimal("690.00"), Decimal("700.00")]
    assert (errors(), ledger()) == ([], (2, 1, 2))


def test_what_a_deleted_user_was_sent_about_is_forgotten(alice):
    started(alice)

    delete_user(user=alice, now=NOW)

    assert [each.payload for each in ProviderEvent.objects.all()] == [{}]
