"""The back office: paid by hand once, changed, paid back; revenue; tried again."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuthEvent, AuthEventType, User
from accounts.tests.factories import AdminFactory
from billing import queries
from billing.models import (
    CreditNote,
    Dispute,
    Payment,
    Provider,
    ProviderEvent,
    Renewal,
    Subscription,
)
from billing.services.reversals import note_dispute, refund_payment
from billing.tests import stripe_payloads as stripe
from billing.tests.factories import license_of, receipt, renew, subscribed
from licensing.models import LicenseEvent, LicenseEventType
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from smarttrader.lib import clock
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


def change_url(subscription):
    return reverse("admin:billing_subscription_change_plan", args=[subscription.pk])


def refund_url(payment):
    return reverse("admin:billing_payment_refund", args=[payment.pk])


def act(staff, action, subscription):
    chosen = {"action": action, "_selected_action": [str(subscription.pk)]}
    url = reverse("admin:billing_subscription_changelist")
    staff.post(url, {**chosen, "confirmed": "1", "reason": "They asked"})
    subscription.refresh_from_db()


def test_a_payment_by_hand_counts_once_by_its_reference(staff, alice):
    subscription = subscribed(alice, START)

    form = staff.get(paid_url(subscription)).content.decode()
    assert "2026-11-03" in form  # from when on it is paid
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


def test_a_reseller_marks_what_their_customer_paid_and_nobody_else(
    client, alice, bob, charlie
):
    User.objects.filter(pk=alice.pk).update(reseller=bob)
    own, foreign = subscribed(alice, START), subscribed(charlie, START)
    AllotmentFactory.create(reseller=bob)
    client.force_login(bob)

    answers = [
        client.post(paid_url(each), {"reference": "1"}).status_code
        for each in (own, foreign)
    ]

    assert answers == [302, 404]
    payment = Payment.objects.latest("id")
    assert (payment.user_id, Payment.objects.count()) == (alice.pk, 3)
    marked = LicenseEvent.objects.filter(type=LicenseEventType.EXTENDED).get()
    assert (marked.actor_type, marked.actor_id) == ("reseller", bob.pk)


@pytest.mark.parametrize("page", ["change_plan", "refund", "start"])
def test_a_reseller_marks_as_paid_and_no_more(client, alice, bob, page):
    User.objects.filter(pk=alice.pk).update(reseller=bob)
    subscription = subscribed(alice, START)
    urls = {
        "change_plan": change_url(subscription),
        "refund": refund_url(Payment.objects.get()),
        "start": reverse("admin:billing_subscription_start"),
    }
    client.force_login(bob)

    answer = client.post(urls[page], {"email": alice.email})
    chosen = {"action": "cancel_at_once", "_selected_action": [str(subscription.pk)]}
    client.post(reverse("admin:billing_subscription_changelist"), chosen)

    subscription.refresh_from_db()
    assert (answer.status_code, subscription.status) == (403, "active")


def test_what_stripe_collects_for_is_not_paid_by_hand(staff, alice):
    subscription = subscribed(alice, START)
    Subscription.objects.update(payment_method="stripe", provider_id="sub_1")

    answer = staff.post(paid_url(subscription), {"reference": "1"})

    assert "Its provider collects for it" in answer.content.decode()
    assert Payment.objects.count() == 1


# --- Another plan or cycle ------------------------------------------------------------
def change(staff, subscription, key, reference=""):
    told = {"change": key, "reference": reference}
    answer = staff.post(change_url(subscription), told)
    subscription.refresh_from_db()
    return answer.content.decode()


def test_a_change_at_once_is_paid_first_and_counts_once(staff, alice):
    subscription = subscribed(alice, clock.now())

    page = staff.get(change_url(subscription)).content.decode()
    unpaid = change(staff, subscription, "PRO yearly True")
    for _ in range(2):
        change(staff, subscription, "PRO yearly True", "Transfer 1")

    payment = Payment.objects.get(purpose="cycle")
    assert "Pro, Yearly: 531.00 USD now" in page
    assert "Basic, Monthly: 29.00 USD, from the end" in page
    assert "paid for first" in unpaid
    assert (subscription.billing_cycle, payment.amount) == ("yearly", Decimal(531))
    assert Payment.objects.count() == 2


def test_an_upgrade_by_hand(staff, alice):
    subscription = subscribed(alice, clock.now())

    change(staff, subscription, "ENTERPRISE monthly True", "Transfer 1")

    assert subscription.plan_type == "ENTERPRISE"
    assert Payment.objects.get(purpose="upgrade").amount == Decimal("90.00")


@pytest.mark.parametrize(
    ("key", "ahead"),
    [
        ("BASIC monthly False", ("BASIC", "monthly")),
        ("PRO yearly False", ("PRO", "yearly")),
    ],
)
def test_a_change_at_the_end_costs_nothing_now_and_is_forgotten(
    staff, alice, key, ahead
):
    subscription = subscribed(alice, clock.now())

    change(staff, subscription, key)

    assert (subscription.next_plan_type, subscription.next_billing_cycle) == ahead
    act(staff, "keep_plan", subscription)
    assert subscription.next_plan_type is None
    assert Payment.objects.count() == 1


def test_nothing_is_offered_to_what_is_past_due(staff, alice):
    subscription = subscribed(alice, START)
    Subscription.objects.update(past_due_since=START)

    answer = change(staff, subscription, "PRO yearly True", "1")

    assert "not active and paid for" in answer
    assert subscription.billing_cycle == "monthly"


# --- Beginning ------------------------------------------------------------------------
def begin(staff, **told):
    return staff.post(reverse("admin:billing_subscription_start"), told)


def test_staff_begin_a_subscription_that_was_paid_by_hand_once(staff, alice):
    licensed = LicenseFactory.create(user=alice)
    order = {"plan_type": "PRO", "billing_cycle": "yearly", "reference": "Transfer 1"}

    form = begin(staff, email=alice.email).content.decode()
    for _ in range(2):
        begin(staff, email=alice.email, license=str(licensed.pk), **order)

    subscription = Subscription.objects.get()
    assert licensed.masked_key in form
    assert (subscription.user, subscription.license) == (alice, licensed)
    assert Payment.objects.get().amount == Decimal("590.00")


def test_a_buyer_is_known_by_their_address_in_whichever_case(staff, alice):
    form = begin(staff, email=" ALICE@Example.com ").content.decode()

    assert alice.email in form
    assert "There is no such customer." not in form


def test_nothing_begins_for_nobody_or_with_a_license_of_another(staff, alice, charlie):
    theirs = LicenseFactory.create(user=charlie)
    order = {"plan_type": "PRO", "billing_cycle": "yearly", "reference": "Transfer 1"}

    unknown = begin(staff, email="nobody@example.com", **order).content.decode()
    begin(staff, email=alice.email, license=str(theirs.pk), **order)

    assert "no such customer" in unknown
    assert not Subscription.objects.exists()


# --- Paying back ----------------------------------------------------------------------
def test_a_part_is_paid_back_once_and_who_did_it_is_kept(staff, alice):
    subscription = subscribed(alice, START)
    payment = Payment.objects.get()
    told = {"amount": "20.00", "reason": "a lost week", "refunded_before": "0.00"}

    page = staff.get(refund_url(payment)).content.decode()
    for _ in range(2):
        staff.post(refund_url(payment), told)

    subscription.refresh_from_db()
    note = CreditNote.objects.get()
    assert 'value="59.00"' in page
    assert (note.total, note.lines[0]["text"]) == (Decimal(20), "Refund: a lost week")
    assert subscription.status == "active"
    (entry,) = LogEntry.objects.filter(object_id=str(payment.pk))
    assert entry.get_change_message() == "Refunded 20.00 USD: a lost week"


def test_paid_back_whole_it_is_cancelled_and_revoked(staff, alice):
    subscription = subscribed(alice, START)
    told = {"amount": "59.00", "reason": "sorry", "refunded_before": "0.00"}

    staff.post(refund_url(Payment.objects.get()), told)

    subscription.refresh_from_db()
    assert (subscription.status, license_of(subscription).status) == (
        "cancelled",
        "revoked",
    )


def test_too_much_is_not_paid_back(staff, alice):
    subscribed(alice, START)
    told = {"amount": "60.00", "reason": "sorry", "refunded_before": "0.00"}

    page = staff.post(refund_url(Payment.objects.get()), told).content.decode()

    assert "No more can be paid back" in page
    assert not CreditNote.objects.exists()


def test_lists_lead_to_the_documents(staff, alice):
    subscribed(alice, START, provider_id="pi_1")
    refund_payment(
        receipt=receipt(START, provider_id="pi_1"),
        refunded=Decimal(9),
        actor=SYSTEM,
        now=START,
    )

    for model in ("invoice", "creditnote"):
        page = staff.get(reverse(f"admin:billing_{model}_changelist")).content.decode()
        (url,) = set(re.findall(r'href="(/subscription/[^"]+)" download', page))
        assert staff.get(url).content.startswith(b"%PDF-")


# --- Revenue --------------------------------------------------------------------------


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


def test_revenue_is_by_provider_less_what_banks_took_back(alice, charlie):
    subscribed(alice, START)
    subscribed(charlie, START, provider_id="pi_1")
    Payment.objects.filter(provider_id="pi_1").update(provider=Provider.STRIPE)
    note_dispute(
        receipt=receipt(START, provider_id="pi_1", provider=Provider.STRIPE),
        dispute=Dispute.LOST,
        actor=SYSTEM,
        now=START,
    )

    rows = queries.revenue_by_month(Payment.objects.all())

    assert [(row["collector"], row["lost"], row["net"]) for row in rows] == [
        ("manual", Decimal(0), Decimal(59)),
        ("stripe", Decimal(59), Decimal(0)),
    ]


def test_revenue_of_a_month_is_of_that_month_in_utc_whatever_ones_zone(staff, alice):
    subscribed(alice, datetime(2026, 10, 31, 23, 30, tzinfo=UTC))

    with timezone.override("Asia/Tokyo"):
        (row,) = queries.revenue_by_month(Payment.objects.all())

    assert f"{row['month']:%Y-%m}" == "2026-10"


def test_what_a_reseller_took_is_told_apart(staff, alice):
    taken = subscribed(alice, START), subscribed(alice, START)
    Payment.objects.filter(subscription_id=taken[0].pk).update(reseller_id=alice.pk)

    rows = queries.revenue_by_month(Payment.objects.all())
    since = queries.revenue_since(Payment.objects.all(), START)

    assert [(row["collector"], row["net"]) for row in rows] == [
        ("manual", Decimal(59)),
        ("reseller", Decimal(59)),
    ]
    assert since == {"USD": Decimal(59)}
    url = reverse("admin:billing_payment_changelist")
    for collector, count in (("vendor", 1), ("manual", 1), ("stripe", 0)):
        shown = staff.get(url, {"collector": collector}).context["cl"]
        assert shown.result_count == count
    assert staff.get(url, {"collector": "nobody"}).status_code == 400


def test_revenue_as_a_file_is_numbers_and_no_formulas(staff, alice):
    subscribed(alice, START)
    Payment.objects.update(currency="=1+")

    url = reverse("admin:billing_payment_revenue_file")

    file = b"".join(staff.post(url))

    assert file.decode().splitlines() == [
        "month,currency,collector,payments,paid,refunded,lost,net",
        "2026-10,'=1+,manual,1,59.00,0.00,0.00,59.00",
    ]
    event = AuthEvent.objects.get(type=AuthEventType.EXPORTED)
    assert event.detail == {"file": "revenue.csv", "rows": 1}
    assert staff.get(url).status_code == 405


def test_the_revenue_page_shows_it_to_who_may_see_payments(client, staff, alice, bob):
    subscribed(alice, START)
    url = reverse("admin:billing_payment_revenue")

    shown = staff.get(url).content.decode()
    client.force_login(bob)

    assert "2026-10" in shown
    assert client.get(url).status_code == 403
    assert client.get(reverse("admin:billing_payment_revenue_file")).status_code == 403


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

    sent = {"action": "try_again", "_selected_action": [str(waiting.pk)]}
    url = reverse("admin:billing_providerevent_changelist")

    asked = staff.post(url, sent).content.decode()
    still = ProviderEvent.objects.filter(handled_at=None).count()
    staff.post(url, {**sent, "confirmed": "1"})

    assert "as if it had just come" in asked
    assert still == 1
    assert not ProviderEvent.objects.filter(handled_at=None).exists()


def test_staff_cancel_at_once(staff, alice):
    subscription = subscribed(alice, START)

    act(staff, "cancel_at_once", subscription)

    assert subscription.status == "cancelled"
    assert subscription.cancel_at_period_end is False
    entry = LogEntry.objects.get()
    assert entry.change_message.endswith(": They asked")


def test_staff_cancel_at_the_end_and_undo_it(staff, alice):
    subscription = subscribed(alice, clock.now())

    act(staff, "cancel_at_end", subscription)
    cancelled = (subscription.status, subscription.cancel_at_period_end)
    act(staff, "undo_cancellation", subscription)

    assert cancelled == ("cancelled", True)
    assert subscription.status == "active"
