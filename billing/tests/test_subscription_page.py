"""The subscription page: mine to see and to act on, nobody else's."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import BillingCycle, CreditNote, Invoice, Subscription
from billing.services.cancelling import cancel_at_period_end
from billing.services.due import settle_due
from billing.services.reversals import refund_payment
from billing.tests.factories import license_of, receipt, renew, subscribed
from billing.tests.stripe_payloads import checkout
from billing.tests.stripe_peers import recording_peer
from bots.tests.factories import BotInstanceFactory
from licensing.models import License, LicenseType, Plan
from licensing.services.issuing import issue_license
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db
PAGE = "/subscription/"
DAY = timedelta(days=1)
ACTIONS = ["upgrade", "downgrade", "keep_plan", "cycle", "cycle_later"]
ACTIONS += ["cancel", "undo", "portal"]
CHECKOUT = "/v1/checkout/sessions"


@pytest.fixture
def stripe_peer(settings):
    with recording_peer() as peer:
        settings.STRIPE_SECRET_KEY = "sk_test_" + "k" * 24
        settings.STRIPE_API_URL = peer.url
        yield peer


@pytest.fixture
def now():
    return clock.now()


def act(client, action, subscription, **data):
    return client.post(reverse(f"subscription_{action}", args=[subscription.pk]), data)


def page_of(client):
    return client.get(PAGE).content.decode()


def test_the_page_tells_plan_end_price_and_invoice(client, alice, now):
    subscription = subscribed(alice, now)
    client.force_login(alice)

    page = page_of(client)

    for told in (
        "Pro Monthly",
        "59.00 USD",
        f"{subscription.current_period_end:%-d %b %Y}",
        license_of(subscription).masked_key,
        Invoice.objects.get().number,
        "0 of 3 accounts in use",
    ):
        assert told in page


def test_an_upgrade_shows_what_it_costs_now(client, alice, now):
    subscribed(alice, now)
    client.force_login(alice)

    page = page_of(client)

    assert "90.00 USD now" in page  # 149 - 59: all of the period is left
    assert "Change to Basic at the end" in page


def test_without_anything_the_page_says_so(client, alice):
    client.force_login(alice)

    assert "No subscription yet" in page_of(client)


@pytest.mark.usefixtures("stripe_peer")
def test_what_a_plan_offers_is_told_in_the_readers_language_or_as_staff_wrote_it(
    client, alice
):
    Plan.objects.filter(license_type=LicenseType.ENTERPRISE).update(
        features=["10 accounts", "Our own words"]
    )
    alice.language = "de"
    alice.save()
    client.force_login(alice)

    page = page_of(client)

    assert "3 Konten, Live und Demo" in page
    assert "10 Konten, Our own words" in page


def test_cancel_and_undo(client, alice, now):
    subscription = subscribed(alice, now)
    client.force_login(alice)

    act(client, "cancel", subscription)
    subscription.refresh_from_db()
    cancelled = (subscription.status, "Keep my subscription" in page_of(client))
    act(client, "undo", subscription)

    subscription.refresh_from_db()
    assert cancelled == ("cancelled", True)
    assert (subscription.status, "Keep my subscription" in page_of(client)) == (
        "active",
        False,
    )


def test_downgrade_and_stay(client, alice, now):
    subscription = subscribed(alice, now)
    client.force_login(alice)

    act(client, "downgrade", subscription, plan_type="BASIC")
    subscription.refresh_from_db()
    scheduled = subscription.next_plan_type
    act(client, "keep_plan", subscription)

    subscription.refresh_from_db()
    assert (scheduled, subscription.next_plan_type) == (LicenseType.BASIC, None)


def test_another_cycle_from_the_end_and_stay(client, alice, now):
    subscription = subscribed(alice, now, billing_cycle=BillingCycle.YEARLY)
    client.force_login(alice)

    act(client, "cycle_later", subscription, billing_cycle="monthly")
    page = page_of(client)
    subscription.refresh_from_db()
    scheduled = subscription.next_billing_cycle
    act(client, "keep_plan", subscription)

    subscription.refresh_from_db()
    assert "Pro, 59.00 USD, monthly" in page
    assert (scheduled, subscription.next_billing_cycle) == ("monthly", None)


@pytest.mark.parametrize("action", ["cycle", "cycle_later"])
def test_a_cycle_that_there_is_not_is_not_found(client, alice, now, action):
    subscription = subscribed(alice, now)
    client.force_login(alice)

    answer = act(client, action, subscription, billing_cycle="hourly")

    assert answer.status_code == 404


def test_who_pays_for_a_year_at_once_is_shown_the_way_and_the_price(
    client, alice, now, stripe_peer
):
    stripe_peer.answers[CHECKOUT] = {
        "object": "checkout.session",
        "url": "https://checkout.example.com/1",
    }
    subscription = subscribed(alice, now)
    Subscription.objects.update(payment_method="stripe", provider_customer_id="cus_1")
    client.force_login(alice)

    page = act(client, "cycle", subscription, billing_cycle="yearly")

    ((_, _, form, _),) = stripe_peer.asked
    assert "Pro, yearly: 531.00 USD now." in page.content.decode()
    assert form["line_items[0][price_data][unit_amount]"] == "53100"
    told = {name: form[f"metadata[{name}]"] for name in ("purpose", "billing_cycle")}
    assert told == {"purpose": "cycle", "billing_cycle": "yearly"}
    assert (form["mode"], form["customer"]) == ("payment", "cus_1")


def test_a_refusal_is_told_on_the_page(client, alice, now):
    subscription = subscribed(alice, now)
    client.force_login(alice)

    answer = client.post(
        reverse("subscription_undo", args=[subscription.pk]), follow=True
    )

    assert "was not cancelled" in answer.content.decode()


def test_whom_to_ask_for_what_begins_now_is_said_once(client, alice, now):
    subscribed(alice, now)
    client.force_login(alice)

    page = page_of(client)

    assert page.count("Ask whoever sold it to you") == 1
    assert page.count(" USD now</small>") == 3  # a plan and two cycles
    assert ">Upgrade</button>" not in page
    assert page.count(">Change</button>") == 2  # at the end


def test_nobody_is_to_be_asked_where_it_is_paid_online(client, alice, now, stripe_peer):
    subscription = subscribed(alice, now)
    Subscription.objects.filter(pk=subscription.pk).update(payment_method="stripe")
    client.force_login(alice)

    page = page_of(client)

    assert "Ask whoever sold it" not in page
    assert page.count(">Upgrade</button>") == 1
    assert page.count(">Change</button>") == 4


def test_what_is_late_says_from_when_on_it_is_held_and_whom_to_pay(client, alice, now):
    subscription = subscribed(alice, now - 33 * DAY)
    settle_due(now=now)
    client.force_login(alice)
    held_from = subscription.current_period_end + 7 * DAY

    pages = [page_of(client)]
    for later in (held_from, held_from + 30 * DAY):
        settle_due(now=later)
        pages.append(page_of(client))

    late, held, expired = pages
    assert f"open nothing new from {held_from:%-d %b %Y %H:%M} on." in late
    assert "open nothing new until it does." in held
    assert "It ended, as no payment came." in expired
    for page in pages:
        assert "You pay whoever sold it to you." in page
        # Nothing is left that is paid for, to be cancelled at its end.
        assert "Cancel at the end" not in page


def test_a_trial_says_until_when(client, alice, now):
    client.force_login(alice)
    trial = issue_license(
        user=alice,
        license_type=LicenseType.TRIAL,
        expires_at=now + 5 * DAY,
        now=now,
    ).license
    running = page_of(client)
    License.objects.filter(pk=trial.pk).update(expires_at=None, trial_days=14)

    begins = page_of(client)

    assert f"Your trial runs until {now + 5 * DAY:%-d %b %Y %H:%M}." in running
    assert "Your trial begins with the first account that you connect." in begins


@pytest.mark.parametrize("action", ACTIONS)
def test_charlie_cannot_act_on_it(client, alice, charlie, now, action):
    subscription = subscribed(alice, now)
    subscription.refresh_from_db()
    before = subscription.updated_at
    client.force_login(charlie)

    told = {"plan_type": "BASIC", "billing_cycle": "yearly"}
    answer = act(client, action, subscription, **told)

    subscription.refresh_from_db()
    assert (answer.status_code, subscription.updated_at) == (404, before)


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_charlie_cannot_read_a_document_and_a_reseller_can(
    client, alice, bob, charlie, now, kind
):
    alice.reseller = bob
    alice.save()
    subscribed(alice, now, provider_id="pi_1")
    pay_back("pi_1", now)
    rows = {"invoice": Invoice.objects, "credit_note": CreditNote.objects}
    url = reverse(f"{kind}_download", args=[rows[kind].get().pk])

    statuses = []
    for user in (charlie, bob, alice):
        client.force_login(user)
        statuses.append(client.get(url).status_code)

    assert statuses == [404, 200, 200]


def test_a_credit_note_stands_among_the_invoices(client, alice, now):
    subscribed(alice, now, provider_id="pi_1")
    pay_back("pi_1", now)
    client.force_login(alice)

    page = page_of(client)

    assert CreditNote.objects.get().number in page
    assert "\N{MINUS SIGN}7.25" in page
    assert f"credits invoice {Invoice.objects.get().number}" in page


def test_older_documents_are_a_click_away(client, alice, now):
    subscription = subscribed(alice, now)
    for _ in range(12):
        renew(subscription, now)
    client.force_login(alice)
    first = Invoice.objects.earliest("sequence").number

    page, whole = page_of(client), client.get(f"{PAGE}?all").content.decode()

    assert ("Show all" in page, first in page) == (True, False)
    assert ("Show all" in whole, first in whole) == (False, True)


def pay_back(paid_by, now):
    refund_payment(
        receipt=receipt(now, provider_id=paid_by),
        refunded=Decimal("7.25"),
        actor=SYSTEM,
        now=now,
    )


def test_an_invoice_is_a_pdf(client, alice, now):
    subscribed(alice, now)
    invoice = Invoice.objects.get()
    client.force_login(alice)

    answer = client.get(reverse("invoice_download", args=[invoice.pk]))

    assert answer["Content-Type"] == "application/pdf"
    assert f"invoice-{invoice.number}.pdf" in answer["Content-Disposition"]
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("data", [{}, {"plan_type": "PRO", "billing_cycle": "hourly"}])
def test_what_is_not_on_offer_cannot_be_bought(client, alice, data):
    client.force_login(alice)

    assert client.post(reverse("subscription_buy"), data).status_code == 404


def test_without_stripe_nothing_is_bought_here(client, alice):
    client.force_login(alice)
    data = {"plan_type": "PRO", "billing_cycle": "monthly"}

    answer = client.post(reverse("subscription_buy"), data, follow=True)

    assert "not online" in answer.content.decode()


def test_who_buys_is_shown_the_way_to_stripe(client, alice, stripe_peer):
    stripe_peer.answers[CHECKOUT] = {
        "object": "checkout.session",
        "url": "https://checkout.example.com/1",
    }
    client.force_login(alice)
    data = {"plan_type": "PRO", "billing_cycle": "yearly"}

    page = client.post(reverse("subscription_buy"), data).content.decode()

    ((_, _, form, _),) = stripe_peer.asked
    assert 'href="https://checkout.example.com/1"' in page
    assert form["line_items[0][price_data][unit_amount]"] == "59000"
    assert form["metadata[user_id]"] == str(alice.pk)


def test_the_success_page_gives_what_was_paid_once(client, alice, stripe_peer):
    session = checkout(alice, "pi_1", client_reference_id=str(alice.pk), created=1)
    stripe_peer.answers[f"{CHECKOUT}/cs_1"] = session
    client.force_login(alice)

    for _ in range(2):
        client.get(reverse("subscription_paid"), {"session_id": "cs_1"})

    subscription = Subscription.objects.get()
    assert (subscription.user, subscription.billing_cycle) == (alice, "lifetime")
    assert Invoice.objects.count() == 1


def test_a_checkout_of_somebody_else_gives_nothing(client, alice, charlie, stripe_peer):
    session = checkout(alice, "pi_1", client_reference_id=str(alice.pk), created=1)
    stripe_peer.answers[f"{CHECKOUT}/cs_1"] = session
    client.force_login(charlie)

    client.get(reverse("subscription_paid"), {"session_id": "cs_1"})

    assert not Subscription.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_asks_the_database_no_more_for_more_invoices(
    client, alice, now, number, django_assert_max_num_queries
):
    subscription = subscribed(alice, now)
    for _ in range(number):
        renew(subscription, now)
    client.force_login(alice)

    with django_assert_max_num_queries(15):
        client.get(PAGE)


def test_the_page_asks_as_often_of_thirty_subscriptions_as_of_one(
    client, alice, now, count_statements
):
    client.force_login(alice)
    bots = [BotInstanceFactory.create(license=license_of(subscribed(alice, now)))]
    with count_statements() as of_one:
        page_of(client)
    bots += [
        BotInstanceFactory.create(license=license_of(subscribed(alice, now)))
        for _ in range(29)
    ]

    with count_statements() as of_thirty:
        page = page_of(client)

    assert len(of_thirty) == len(of_one)
    assert page.count("1 of 3 accounts in use") == len(bots)


def test_what_has_ended_offers_nothing(client, alice, now):
    subscription = subscribed(alice, now - timedelta(days=90))
    cancel_at_period_end(
        subscription=subscription, actor=SYSTEM, now=now - timedelta(days=80)
    )
    client.force_login(alice)

    page = page_of(client)

    assert "Ended" in page
    assert "Keep my subscription" not in page
