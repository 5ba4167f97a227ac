"""Signed, kept, done once: whatever the order, whoever tells it how often."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection, transaction

from accounts.services.users import delete_user
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import (
    MOST_ATTEMPTS,
    Invoice,
    Payment,
    PaymentStatus,
    Provider,
    ProviderEvent,
    Renewal,
    Subscription,
    SubscriptionStatus,
)
from billing.services import provider_events
from billing.services.due import settle_due
from billing.services.stripe_events import fulfil_checkout
from billing.services.subscriptions import renew_subscription
from billing.tests import stripe_payloads as stripe
from billing.tests.factories import license_of, receipt, subscribed
from billing.tests.stripe_payloads import at, event, send
from licensing.models import HoldSource, LicenseHold, LicenseStatus
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stripe_is_set_up(settings):
    settings.STRIPE_WEBHOOK_SECRET = stripe.SECRET


def started(user, payment="pi_1"):
    """Let the first invoice be paid, as Stripe tells it."""
    send(event("invoice.paid", stripe.invoice(user, payment), at=at(1)))
    return Subscription.objects.get(provider_id="sub_1")


def cycle(user, payment):
    return stripe.invoice(user, payment, reason="subscription_cycle")


def ledger():
    """Return how many rows of money there are: payments, periods, invoices."""
    return tuple(model.objects.count() for model in (Payment, Renewal, Invoice))


def errors():
    waiting = ProviderEvent.objects.filter(handled_at=None)
    return [each.error.partition(":")[0] for each in waiting]


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


# --- Replays --------------------------------------------------------------------------
def test_the_same_webhook_ten_times_counts_once(alice):
    told = event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1))

    statuses = [send(told) for _ in range(10)]

    assert statuses == [200] * 10
    assert (ProviderEvent.objects.count(), ledger()) == (1, (1, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_the_same_webhook_ten_times_at_once_counts_once():
    user = UserFactory.create()
    told = event("invoice.paid", stripe.invoice(user, "pi_1"), at=at(1))

    statuses = all_at_once([partial(send, told)] * 10)

    assert statuses == [200] * 10
    assert (ProviderEvent.objects.count(), errors()) == (1, [])
    assert ledger() == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_payment_told_by_ten_events_at_once_extends_once():
    user = UserFactory.create()
    subscription = started(user)
    told = [event("invoice.paid", cycle(user, "pi_2"), at=at(2)) for _ in range(10)]

    all_at_once([partial(send, each) for each in told])

    subscription.refresh_from_db()
    assert (errors(), ledger()) == ([], (2, 2, 2))
    months = subscription.current_period_end.month - subscription.created_at.month
    assert months % 12 == 2


@pytest.mark.django_db(transaction=True)
def test_a_webhook_and_the_success_page_at_once_start_once():
    user = UserFactory.create()
    told = event("checkout.session.completed", stripe.checkout(user, "pi_1"), at=at(1))

    def success_page() -> object:
        with transaction.atomic():
            return fulfil_checkout(stripe.checkout(user, "pi_1"), at(1), NOW)

    calls: list[Callable[[], object]] = [partial(send, told), success_page]
    all_at_once(calls * 3)

    assert (Subscription.objects.count(), ledger()) == (1, (1, 1, 1))


def test_two_invoices_in_the_wrong_order_pay_two_periods(alice):
    send(event("invoice.paid", cycle(alice, "pi_2"), at=at(9)))
    send(event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1)))

    assert (Subscription.objects.count(), errors()) == (1, [])
    assert ledger() == (2, 2, 2)


def test_older_news_are_ignored(alice):
    subscription = started(alice)
    send(event("customer.subscription.updated", stripe.subscription(), at=at(9)))

    send(
        event(
            "customer.subscription.updated",
            stripe.subscription(is_ending=True),
            at=at(8),
        )
    )

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.ACTIVE


def test_a_failure_that_is_older_than_the_payment_is_ignored(alice):
    subscription = started(alice)
    send(event("invoice.paid", cycle(alice, "pi_2"), at=at(9)))

    send(event("invoice.payment_failed", cycle(alice, "pi_2"), at=at(8)))

    subscription.refresh_from_db()
    assert subscription.past_due_since is None
    assert set(Payment.objects.values_list("status", flat=True)) == {"succeeded"}


def test_a_failed_payment_that_succeeds_later_is_one_row(alice):
    subscription = started(alice)

    send(event("invoice.payment_failed", cycle(alice, "pi_2"), at=at(8)))
    subscription.refresh_from_db()
    since = subscription.past_due_since
    send(event("invoice.paid", cycle(alice, "pi_2"), at=at(9)))

    subscription.refresh_from_db()
    assert (since, subscription.past_due_since) == (at(8), None)
    assert ledger() == (2, 2, 2)


def test_news_before_what_they_are_about_wait_for_it(alice):
    deleted = event("customer.subscription.deleted", stripe.subscription(), at=at(9))
    send(deleted)
    before = errors()
    subscription = started(alice)

    done = provider_events.handle_waiting(now=NOW)

    subscription.refresh_from_db()
    assert (before, done, errors()) == (["NotKnownYet"], 1, [])
    assert subscription.status == SubscriptionStatus.CANCELLED


def test_a_deletion_is_final_whenever_it_comes(alice):
    subscription = started(alice)
    send(event("customer.subscription.updated", stripe.subscription(), at=at(9)))

    send(event("customer.subscription.deleted", stripe.subscription(), at=at(2)))
    send(event("customer.subscription.updated", stripe.subscription(), at=at(10)))

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELLED


def test_who_cancels_and_undoes_it_in_the_portal_does_so_here(alice):
    subscription = started(alice)
    kind = "customer.subscription.updated"

    send(event(kind, stripe.subscription(is_ending=True), at=at(2)))
    subscription.refresh_from_db()
    ending = (subscription.status, subscription.cancel_at_period_end)
    send(event(kind, stripe.subscription(), at=at(3)))

    subscription.refresh_from_db()
    assert ending == ("cancelled", True)
    assert subscription.status == SubscriptionStatus.ACTIVE
    assert subscription.is_provider_behind is False


def test_a_refund_before_fulfilment_fulfils_nothing(alice):
    send(event("charge.refunded", stripe.charge("pi_1", refunded=5900), at=at(2)))

    send(event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1)))

    assert Payment.objects.get().status == PaymentStatus.REFUNDED
    assert (errors(), ledger()) == ([], (1, 0, 0))
    assert not Subscription.objects.exists()


def test_a_refund_ten_times_cancels_and_revokes_once(alice):
    subscription = started(alice)
    told = stripe.charge("pi_1", refunded=5900)

    for _ in range(10):
        send(event("charge.refunded", told, at=at(2)))

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.CANCELLED
    assert license_of(subscription).status == LicenseStatus.REVOKED
    assert (errors(), ledger()) == ([], (1, 1, 1))


@pytest.mark.parametrize(("end", "status"), [("won", "active"), ("lost", "revoked")])
def test_a_dispute_holds_until_it_is_won_or_lost(alice, end, status):
    subscription = started(alice)

    send(event("charge.dispute.created", stripe.dispute("pi_1"), at=at(2)))
    during = license_of(subscription).status
    send(event("charge.dispute.closed", stripe.dispute("pi_1", end), at=at(3)))
    send(event("charge.dispute.created", stripe.dispute("pi_1"), at=at(2)))

    assert (during, license_of(subscription).status) == ("suspended", status)


def test_a_crash_between_receiving_and_handling_loses_nothing(alice):
    told = event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1))
    provider_events.receive_event(
        provider=Provider.STRIPE,
        event_id=told["id"],
        type=told["type"],
        occurred_at=at(1),
        payload=told,
        now=NOW,
    )  # and here the process is killed

    done = [provider_events.handle_waiting(now=NOW) for _ in range(2)]

    assert (done, ledger()) == ([1, 0], (1, 1, 1))


def test_what_fails_leaves_no_half_and_is_tried_again(alice):
    subscription = started(alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE invoices ADD CONSTRAINT broken CHECK (total < 0) NOT VALID"
        )
    status = send(event("invoice.paid", cycle(alice, "pi_2"), at=at(2)))
    broken = (errors(), ledger())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invoices DROP CONSTRAINT broken")

    done = provider_events.handle_waiting(now=NOW)

    before = subscription.current_period_end
    subscription.refresh_from_db()
    assert (status, broken) == (200, (["IntegrityError"], (1, 1, 1)))
    assert (done, errors(), ledger()) == (1, [], (2, 2, 2))
    assert subscription.current_period_end > before


def test_an_event_that_never_works_is_given_up_and_kept(alice):
    send(event("customer.subscription.deleted", stripe.subscription(), at=at(2)))

    tries = [provider_events.handle_waiting(now=NOW) for _ in range(40)]

    kept = ProviderEvent.objects.get()
    assert tries == [0] * 40
    assert kept.attempts == MOST_ATTEMPTS
    assert kept.error.startswith("NotKnownYet")


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_move_a_subscription_once():
    subscription = subscribed(UserFactory.create(), at(1))
    late = subscription.current_period_end.replace(day=20)

    moved = all_at_once([partial(settle_due, now=late)] * 4)

    subscription.refresh_from_db()
    assert sorted(moved) == [0, 0, 0, 1]
    assert subscription.status == SubscriptionStatus.SUSPENDED
    assert LicenseHold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_payment_and_the_scheduler_at_once_end_in_an_active_subscription():
    subscription = subscribed(UserFactory.create(), at(1))
    late = subscription.current_period_end.replace(day=20)

    def pay() -> object:
        return renew_subscription(
            subscription=subscription, receipt=receipt(late), actor=SYSTEM, now=late
        )

    calls: list[Callable[[], object]] = [pay, partial(settle_due, now=late)]
    all_at_once(calls)

    subscription.refresh_from_db()
    assert subscription.status == SubscriptionStatus.ACTIVE
    assert not LicenseHold.objects.open().exists()
    assert ledger() == (2, 2, 2)


def test_a_payment_against_an_admins_hold_is_taken_and_the_hold_stays(alice):
    subscription = started(alice)
    license = license_of(subscription)
    LicenseHoldFactory.create(license=license, source=HoldSource.ADMIN)
    license.status = LicenseStatus.SUSPENDED
    license.save()

    for _ in range(3):
        send(event("invoice.paid", cycle(alice, "pi_2"), at=at(2)))

    license.refresh_from_db()
    assert LicenseHold.objects.open().get().source == HoldSource.ADMIN
    assert license.status == LicenseStatus.SUSPENDED
    assert license.expires_at > subscription.current_period_end
    assert ledger() == (2, 2, 2)


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
