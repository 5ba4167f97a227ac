"""Done once: whatever the order, whoever tells it how often."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import transaction

from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from billing.models import (
    BillingCycle,
    Payment,
    PaymentStatus,
    ProviderEvent,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
)
from billing.periods import period_end
from billing.services import provider_events
from billing.services.due import settle_due
from billing.services.stripe_events import fulfil_checkout
from billing.services.subscriptions import renew_subscription
from billing.tests import stripe_payloads as stripe
from billing.tests.factories import license_of, receipt, subscribed
from billing.tests.stripe_payloads import at, event, send
from billing.tests.webhook_world import cycle, errors, ledger, started
from licensing.models import HoldSource, LicenseHold, LicenseStatus
from licensing.services.holds import suspend_license
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db
LONGEST_SECONDS = 60
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stripe_is_set_up(settings):
    settings.STRIPE_WEBHOOK_SECRET = stripe.SECRET


def test_the_same_webhook_ten_times_counts_once(alice):
    told = event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1))

    statuses = [send(told) for _ in range(10)]

    assert statuses == [200] * 10
    assert (ProviderEvent.objects.count(), ledger()) == (1, (1, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_the_same_webhook_ten_times_at_once_counts_once(rounds):
    for number in range(1, rounds + 1):
        first = stripe.invoice(
            UserFactory.create(), f"pi_{number}", subscription=f"sub_{number}"
        )
        told = event("invoice.paid", first, at=at(1))

        statuses = all_at_once([partial(send, told)] * 10)

        assert statuses == [200] * 10
        assert (ProviderEvent.objects.count(), errors()) == (number, [])
        assert ledger() == (number, number, number)
        assert SubscriptionEvent.objects.count() == number


@pytest.mark.django_db(transaction=True)
def test_one_payment_told_by_ten_events_at_once_extends_once(rounds):
    user = UserFactory.create()
    subscription = started(user)
    for number in range(2, rounds + 2):
        before = subscription.current_period_end
        paid = cycle(user, f"pi_{number}")
        told = [event("invoice.paid", paid, at=at(2)) for _ in range(10)]

        all_at_once([partial(send, each) for each in told])

        subscription.refresh_from_db()
        assert (errors(), ledger()) == ([], (number, number, number))
        assert subscription.current_period_end == period_end(
            before, BillingCycle.MONTHLY, subscription.anchor_day
        )


@pytest.mark.django_db(transaction=True)
def test_a_webhook_and_the_success_page_at_once_start_once(rounds):
    def success_page(session: dict[str, object]) -> object:
        with transaction.atomic():
            return fulfil_checkout(session, at(1), NOW)

    for number in range(1, rounds + 1):
        session = stripe.checkout(UserFactory.create(), f"pi_{number}")
        told = event("checkout.session.completed", session, at=at(1))

        calls: list[Callable[[], object]] = [
            partial(send, told),
            partial(success_page, session),
        ]
        all_at_once(calls * 3)

        assert Subscription.objects.count() == number
        assert ledger() == (number, number, number)


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


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_move_a_subscription_once(rounds):
    for number in range(1, rounds + 1):
        subscription = subscribed(UserFactory.create(), at(1))
        late = subscription.current_period_end.replace(day=20)

        moved = all_at_once([partial(settle_due, now=late)] * 4)

        subscription.refresh_from_db()
        assert sorted(moved) == [0, 0, 0, 1]
        assert subscription.status == SubscriptionStatus.SUSPENDED
        assert LicenseHold.objects.count() == number


@pytest.mark.django_db(transaction=True)
def test_a_payment_and_the_scheduler_at_once_end_in_an_active_subscription(rounds):
    for number in range(1, rounds + 1):
        subscription = subscribed(UserFactory.create(), at(1))
        late = subscription.current_period_end.replace(day=20)

        pay: Callable[[], object] = partial(
            renew_subscription,
            subscription=subscription,
            receipt=receipt(late),
            actor=SYSTEM,
            now=late,
        )
        calls: list[Callable[[], object]] = [pay, partial(settle_due, now=late)]
        all_at_once(calls)

        subscription.refresh_from_db()
        assert subscription.status == SubscriptionStatus.ACTIVE
        assert not LicenseHold.objects.open().exists()
        assert ledger() == (2 * number, 2 * number, 2 * number)


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
    assert license.expires_at is not None
    assert license.expires_at > subscription.current_period_end
    assert ledger() == (2, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_a_payment_and_an_admins_hold_at_once_both_count(rounds):
    for number in range(1, rounds + 1):
        user, own_id = UserFactory.create(), f"sub_{number}"
        subscription = started(user, f"pi_{number}_1", own_id)
        license = license_of(subscription)
        told = event("invoice.paid", cycle(user, f"pi_{number}_2", own_id), at=at(2))
        suspend: Callable[[], object] = partial(
            suspend_license,
            license=license,
            source=HoldSource.ADMIN,
            reason="asked to",
            actor=SYSTEM,
            now=NOW,
        )

        calls: list[Callable[[], object]] = [suspend, *[partial(send, told)] * 4]
        all_at_once(calls)

        license.refresh_from_db()
        subscription.refresh_from_db()
        assert (errors(), ledger()) == ([], (2 * number, 2 * number, 2 * number))
        held = LicenseHold.objects.open().get(license=license)
        assert held.source == HoldSource.ADMIN
        assert license.status == LicenseStatus.SUSPENDED
        assert license.expires_at == subscription.current_period_end
        assert subscription.status == SubscriptionStatus.ACTIVE
