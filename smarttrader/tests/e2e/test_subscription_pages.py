"""What is paid for, changed, cancelled and handed out: in a browser."""

import gzip
import re
from decimal import Decimal

import pytest
from django.conf import settings as project_settings
from django.urls import reverse
from playwright.sync_api import expect

from billing.models import BillingCycle, Payment, Subscription
from billing.services.cancelling import cancel_at_period_end
from billing.services.cycles import schedule_cycle
from billing.services.refunds import refund
from billing.tests.factories import renew, subscribed
from billing.tests.stripe_peers import recording_peer
from bots.tests.factories import BotInstanceFactory
from licensing.models import LicenseType
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KILOBYTE = 1000
PAGE = "/subscription/"
CHECKOUT, PORTAL = "/v1/checkout/sessions", "/v1/billing_portal/sessions"


@pytest.fixture(autouse=True)
def stripe_peer(settings):
    with recording_peer() as peer:
        settings.STRIPE_SECRET_KEY = "sk_test_" + "k" * 24
        settings.STRIPE_API_URL = peer.url
        for path in (CHECKOUT, PORTAL):
            peer.answers[path] = {"object": "session", "url": "https://pay.example/1"}
        yield peer


@pytest.fixture
def monthly(alice):
    """A subscription of Alice's that Stripe collects for, with a renewal."""
    now = clock.now()
    subscription = subscribed(alice, now)
    renew(subscription, now)
    BotInstanceFactory.create_batch(2, license=subscription.license)
    Subscription.objects.filter(pk=subscription.pk).update(
        payment_method="stripe", provider_id="sub_1", provider_customer_id="cus_1"
    )
    return subscription


@pytest.fixture
def every_kind(alice, monthly):
    """One of each: active, to be changed, past due, cancelled, for ever; a refund."""
    now = clock.now()
    subscribed(alice, now, billing_cycle=BillingCycle.LIFETIME)
    ahead = subscribed(alice, now, billing_cycle=BillingCycle.YEARLY)
    schedule_cycle(
        subscription=ahead, billing_cycle=BillingCycle.MONTHLY, actor=SYSTEM, now=now
    )
    leaving = subscribed(alice, now, plan_type=LicenseType.BASIC)
    cancel_at_period_end(subscription=leaving, actor=SYSTEM, now=now)
    overdue = subscribed(alice, now, plan_type=LicenseType.ENTERPRISE)
    Subscription.objects.filter(pk=overdue.pk).update(past_due_since=now)
    refund(
        payment=Payment.objects.get(subscription_id=overdue.pk),
        amount=Decimal("7.25"),
        refunded_before=Decimal(0),
        reason="a week without signals",
        actor=SYSTEM,
        now=now,
    )


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def opened(request, browser, page, alice, login, live_server):
    """Open a page as Alice, with JavaScript and without."""
    login(alice)
    context = browser.new_context(java_script_enabled=request.param)
    context.add_cookies(page.context.cookies())
    own = page if request.param else context.new_page()

    def go(path):
        own.goto(live_server.url + path)
        return own

    yield go
    context.close()


def test_plan_and_cycle_are_changed_and_kept(opened, monthly):
    page = opened(PAGE)

    page.get_by_role("button", name="Change to Basic at the end").click()
    expect(page.get_by_role("status").first).to_contain_text("smaller plan")
    expect(page.get_by_text("accounts in use beyond it")).to_have_count(0)
    page.get_by_role("button", name="Pay yearly from the end on").click()
    expect(page.get_by_text("Basic, 290.00 USD, yearly")).to_be_visible()
    page.get_by_role("button", name="Stay with Pro Monthly").click()

    expect(page.get_by_text("Your plan stays as it is.")).to_be_visible()
    monthly.refresh_from_db()
    assert (monthly.next_plan_type, monthly.next_billing_cycle) == (None, None)


def test_it_is_cancelled_and_goes_on(opened, monthly):
    page = opened(PAGE)

    page.get_by_role("button", name="Cancel at the end").click()
    expect(page.locator("main .badge").first).to_have_text("Cancelled")
    page.get_by_role("button", name="Keep my subscription").click()

    expect(page.locator("main .badge").first).to_have_text("Active")
    monthly.refresh_from_db()
    assert (monthly.status, monthly.cancel_at_period_end) == ("active", False)


@pytest.mark.parametrize(
    ("button", "purpose"),
    [
        ("Upgrade to Enterprise", "upgrade"),
        ("Pay yearly from now on", "cycle"),
        ("Go to payment", "start"),
    ],
)
def test_the_way_to_stripe_tells_what_is_due(
    opened, monthly, stripe_peer, button, purpose
):
    page = opened(PAGE)

    page.get_by_role("button", name=button).click()

    way = page.get_by_role("link", name="Go on at Stripe")
    expect(way).to_have_attribute("href", "https://pay.example/1")
    ((_, _, form, _),) = stripe_peer.asked
    assert form["metadata[purpose]"] == purpose
    cents = int(form["line_items[0][price_data][unit_amount]"])
    expect(page.locator("main")).to_contain_text(f"{cents / 100:,.2f} USD now")


def test_cards_are_looked_after_at_stripe(opened, monthly):
    page = opened(PAGE)

    page.get_by_role("button", name="Card and payments").click()

    way = page.get_by_role("link", name="Go on at Stripe")
    expect(way).to_have_attribute("href", "https://pay.example/1")


def test_documents_are_handed_out(opened, every_kind):
    page = opened(PAGE)
    names = []

    for kind in ("Credit note C", "Invoice 2"):
        with page.expect_download() as download:
            page.get_by_role("link", name=kind).first.click()
        names.append(download.value.suggested_filename)

    assert re.fullmatch(r"credit-note-C\d{4}-000001\.pdf", names[0])
    assert re.fullmatch(r"invoice-\d{4}-00000\d\.pdf", names[1])


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("every_kind")
def test_pages_are_accessible_and_fit(
    page, login, live_server, alice, charlie, axe, scheme, width
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    found = {}

    def look(name):
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[name] = [*axe(), *(["overhang"] if overhang > 0 else [])]

    for name, user in (("empty", charlie), ("full", alice)):
        login(user)
        page.goto(live_server.url + PAGE)
        look(name)
    page.get_by_role("button", name="Upgrade to Enterprise").first.click()
    expect(page.get_by_role("link", name="Go on at Stripe")).to_be_visible()
    look("leave")

    assert found == {"empty": [], "full": [], "leave": []}


def test_the_page_keeps_its_budget(page, login, live_server, alice, every_kind):
    sizes = {}

    def weigh(response):
        body = response.body()
        is_file = f"/{project_settings.STATIC_URL.strip('/')}/" in response.url
        sizes[response.url] = len(gzip.compress(body) if is_file else body)

    login(alice)
    page.on("response", weigh)
    page.goto(live_server.url + reverse("subscription"))
    page.wait_for_load_state("networkidle")

    assert sum(sizes.values()) <= 120 * KILOBYTE
    assert len(sizes) <= 10
