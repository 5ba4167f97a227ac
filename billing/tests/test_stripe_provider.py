"""What Stripe is asked: by localstripe where it can, by recorded requests else."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import stripe

from billing.models import (
    BillingCycle,
    CreditNote,
    Payment,
    Provider,
    Purpose,
    Subscription,
)
from billing.providers import NotOnline, Order, ProviderRefused
from billing.providers.choosing import online_provider
from billing.providers.manual import ManualProvider
from billing.providers.stripe_api import (
    API_VERSION,
    StripeProvider,
    major_units,
    minor_units,
)
from billing.services.cancelling import cancel_at_period_end, cancel_now
from billing.services.cycles import schedule_cycle
from billing.services.plans import schedule_downgrade
from billing.services.refunds import refund
from billing.services.telling import tell_providers
from billing.tests.factories import subscribed
from billing.tests.stripe_peers import local_stripe, recording_peer
from licensing.models import LicenseType
from smarttrader.lib.actors import SYSTEM

KEY = "sk_test_" + "k" * 24
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CHECKOUT, PORTAL = "/v1/checkout/sessions", "/v1/billing_portal/sessions"
LEAVING = {"done_url": "http://here/paid/", "back_url": "http://here/"}

KNOWN = {
    "object": "subscription",
    "items": {
        "object": "list",
        "data": [
            {
                "id": "si_1",
                "price": {
                    "unit_amount": 5900,
                    "product": "p_1",
                    "recurring": {"interval": "month"},
                },
            }
        ],
    },
}


@pytest.fixture
def recorder(settings):
    with recording_peer() as peer:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = KEY, peer.url
        yield peer


@pytest.fixture(scope="module")
def stripe_url(tmp_path_factory):
    with local_stripe(tmp_path_factory.mktemp("stripe")) as url:
        yield url


@pytest.fixture
def peer(settings, stripe_url):
    """Return a client of localstripe, which the product then talks to as well."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL = KEY, stripe_url
    return stripe.StripeClient(
        KEY,
        stripe_version=API_VERSION,
        base_addresses={"api": stripe_url},
        http_client=stripe.RequestsClient(),
    )


def an_order(**more):
    told: Any = {
        "purpose": Purpose.START,
        "user_id": "u1",
        "user_email": "alice@example.com",
        "plan_type": LicenseType.PRO,
        "billing_cycle": BillingCycle.MONTHLY,
        "amount": Decimal("59.00"),
        "currency": "USD",
        **more,
    }
    return Order(**told)


# --- Requests as they are recorded ----------------------------------------------------
def test_a_monthly_checkout_asks_for_a_subscription(recorder):
    recorder.answers[CHECKOUT] = {"object": "checkout.session", "url": "http://pay/1"}

    url = StripeProvider().checkout_url(an_order(key="once"), **LEAVING)

    ((method, path, form, headers),) = recorder.asked
    metadata = {
        "purpose": "start",
        "user_id": "u1",
        "plan_type": "PRO",
        "billing_cycle": "monthly",
        "license_id": "",
        "subscription_id": "",
    }
    told = {name: value for name, value in metadata.items() if value}
    assert (url, method, path) == ("http://pay/1", "POST", CHECKOUT)
    assert {name: value for name, value in form.items() if value} == {
        "mode": "subscription",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "5900",
        "line_items[0][price_data][product_data][name]": "Pro monthly",
        "line_items[0][price_data][recurring][interval]": "month",
        "client_reference_id": "u1",
        "customer_email": "alice@example.com",
        "success_url": LEAVING["done_url"],
        "cancel_url": LEAVING["back_url"],
        **{f"metadata[{name}]": value for name, value in told.items()},
        **{
            f"subscription_data[metadata][{name}]": value
            for name, value in told.items()
        },
    }
    assert headers["Stripe-Version"] == API_VERSION
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Idempotency-Key"] == "once"


@pytest.mark.parametrize(
    "order",
    [
        an_order(billing_cycle=BillingCycle.LIFETIME),
        an_order(purpose=Purpose.UPGRADE, customer_id="cus_1"),
    ],
)
def test_a_lifetime_and_an_upgrade_are_paid_once(recorder, order):
    recorder.answers[CHECKOUT] = {"object": "checkout.session", "url": "http://pay/1"}

    StripeProvider().checkout_url(order, **LEAVING)

    ((_, _, form, _),) = recorder.asked
    assert form["mode"] == "payment"
    assert not any("recurring" in name for name in form)
    assert form["payment_intent_data[metadata][purpose]"] == order.purpose
    assert form.get("customer", "") == order.customer_id


def test_the_portal_is_asked_for_the_customer(recorder):
    recorder.answers[PORTAL] = {"object": "session", "url": "http://portal/1"}
    subscription = Subscription(provider_customer_id="cus_1")

    url = StripeProvider().portal_url(subscription, back_url="http://here/")

    ((method, path, form, _),) = recorder.asked
    assert (url, method, path) == ("http://portal/1", "POST", PORTAL)
    assert form == {"customer": "cus_1", "return_url": "http://here/"}


@pytest.mark.django_db
def test_a_smaller_plan_is_the_price_of_the_next_period(recorder, alice):
    subscription = subscribed(alice, NOW)
    Subscription.objects.update(provider_id="sub_1", payment_method="stripe")
    schedule_downgrade(
        subscription=subscription, plan_type=LicenseType.BASIC, actor=SYSTEM, now=NOW
    )
    recorder.answers["/v1/subscriptions/sub_1"] = KNOWN

    told = [tell_providers(now=NOW), tell_providers(now=NOW)]

    (_, (_, _, form, _)) = recorder.asked
    assert told == [1, 0]
    assert form == {
        "cancel_at_period_end": "false",
        "proration_behavior": "none",
        "items[0][id]": "si_1",
        "items[0][price_data][currency]": "usd",
        "items[0][price_data][product]": "p_1",
        "items[0][price_data][unit_amount]": "2900",
        "items[0][price_data][recurring][interval]": "month",
    }


@pytest.mark.django_db
def test_another_cycle_is_collected_from_the_end_of_what_is_paid(recorder, alice):
    subscription = subscribed(alice, NOW)
    Subscription.objects.update(provider_id="sub_1", payment_method="stripe")
    schedule_cycle(
        subscription=subscription,
        billing_cycle=BillingCycle.YEARLY,
        actor=SYSTEM,
        now=NOW,
    )
    recorder.answers["/v1/subscriptions/sub_1"] = KNOWN

    tell_providers(now=NOW)

    (_, (_, _, form, _)) = recorder.asked
    paid_until = datetime(2026, 12, 25, 12, tzinfo=UTC)
    assert form == {
        "cancel_at_period_end": "false",
        "proration_behavior": "none",
        "trial_end": str(int(paid_until.timestamp())),
        "items[0][id]": "si_1",
        "items[0][price_data][currency]": "usd",
        "items[0][price_data][product]": "p_1",
        "items[0][price_data][unit_amount]": "59000",
        "items[0][price_data][recurring][interval]": "year",
    }


@pytest.mark.django_db
def test_a_lifetime_is_collected_for_no_more(recorder, alice):
    subscribed(alice, NOW, billing_cycle=BillingCycle.LIFETIME)
    Subscription.objects.update(
        provider_id="sub_1", payment_method="stripe", is_provider_behind=True
    )
    recorder.answers["/v1/subscriptions/sub_1"] = KNOWN

    tell_providers(now=NOW)

    asked = [(method, path) for method, path, _, _ in recorder.asked]
    assert asked == [("DELETE", "/v1/subscriptions/sub_1")]


@pytest.mark.django_db
def test_a_provider_that_is_away_is_told_later(recorder, alice):
    subscription = subscribed(alice, NOW)
    Subscription.objects.update(provider_id="sub_1", payment_method="stripe")
    cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=NOW)

    with pytest.raises(ProviderRefused):
        tell_providers(now=NOW)

    subscription.refresh_from_db()
    assert subscription.is_provider_behind is True


# --- localstripe ----------------------------------------------------------------------
def a_stripe_subscription(peer):
    product = peer.v1.products.create({"name": "Pro"})
    plan = peer.v1.plans.create(
        {
            "amount": 5900,
            "currency": "usd",
            "interval": "month",
            "product": product.id,
        }
    )
    customer = peer.v1.customers.create({"email": "alice@example.com"})
    method = peer.v1.payment_methods.create(
        {
            "type": "card",
            "card": {
                "number": "4242424242424242",
                "exp_month": 12,
                "exp_year": 2040,
                "cvc": "123",
            },
        }
    )
    peer.v1.payment_methods.attach(method.id, {"customer": customer.id})
    peer.v1.customers.update(
        customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )
    return peer.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"plan": plan.id}]}
    )


@pytest.mark.django_db
def test_a_cancellation_and_an_end_reach_stripe(peer, alice):
    known = a_stripe_subscription(peer)
    subscription = subscribed(alice, NOW)
    Subscription.objects.update(provider_id=known.id, payment_method="stripe")
    cancel_at_period_end(subscription=subscription, actor=SYSTEM, now=NOW)

    told = tell_providers(now=NOW)
    ending = peer.v1.subscriptions.retrieve(known.id).cancel_at_period_end
    cancel_now(subscription=subscription, actor=SYSTEM, now=NOW)
    told += tell_providers(now=NOW)

    assert (told, bool(ending)) == (2, True)
    assert peer.v1.subscriptions.retrieve(known.id).status == "canceled"


def test_a_refund_is_paid_back_at_stripe(peer):
    known = a_stripe_subscription(peer)
    invoice = peer.v1.invoices.retrieve(known.latest_invoice)
    payment = Payment(
        provider=Provider.STRIPE,
        provider_id=invoice["payment_intent"],
        amount=Decimal("59.00"),
        currency="USD",
    )

    StripeProvider().refund(payment, Decimal("20.00"))

    refunds = peer.v1.refunds.list()
    assert [each.amount for each in refunds.data] == [2000]
    assert invoice.amount_paid == 5900


@pytest.mark.django_db
def test_what_staff_pay_back_is_paid_back_at_stripe_once(peer, alice):
    known = a_stripe_subscription(peer)
    intent = peer.v1.invoices.retrieve(known.latest_invoice)["payment_intent"]
    subscribed(alice, NOW, provider_id=intent)
    Payment.objects.update(provider=Provider.STRIPE)
    before = len(peer.v1.refunds.list().data)

    news = [
        refund(
            payment=Payment.objects.get(),
            amount=Decimal("20.00"),
            refunded_before=Decimal(0),
            reason="a lost week",
            actor=SYSTEM,
            now=NOW,
        )
        for _ in range(2)
    ]

    assert news == [True, False]
    assert len(peer.v1.refunds.list().data) == before + 1
    assert Payment.objects.get().refunded_amount == Decimal("20.00")
    assert CreditNote.objects.get().total == Decimal("20.00")


# --- Without Stripe -------------------------------------------------------------------
def test_without_a_key_nothing_is_paid_online(settings):
    settings.STRIPE_SECRET_KEY = ""

    provider = online_provider()

    assert isinstance(provider, ManualProvider)
    with pytest.raises(NotOnline):
        provider.checkout_url(an_order(), **LEAVING)


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("59.00", "USD", 5900), ("0.01", "EUR", 1), ("5900", "JPY", 5900)],
)
def test_amounts_are_counted_as_stripe_counts_them(amount, currency, units):
    assert minor_units(Decimal(amount), currency) == units
    assert major_units(units, currency) == Decimal(amount)
