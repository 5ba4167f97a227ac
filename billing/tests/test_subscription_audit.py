"""A subscription's life leaves events: staff see what happened, when, who did it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import AdminFactory
from billing.models import (
    BillingCycle,
    Dispute,
    Payment,
    Provider,
    Subscription,
    SubscriptionEvent,
)
from billing.services.by_hand import mark_as_paid, start_paid
from billing.services.cancelling import (
    NothingToUndo,
    cancel_at_period_end,
    cancel_now,
    undo_cancellation,
)
from billing.services.due import settle_due
from billing.services.subscriptions import renew_subscription
from billing.tests import stripe_payloads as stripe
from billing.tests.factories import license_of, receipt, renew, subscribed
from billing.tests.reversals import DAY, START, dispute, refund, start
from billing.tests.stripe_payloads import SECRET, at, event, send
from billing.tests.webhook_world import cycle, started
from licensing.models import LicenseType
from licensing.services import terms
from licensing.services.locks import LicenseRevoked
from smarttrader.lib.actors import SYSTEM, Actor, ActorType

pytestmark = pytest.mark.django_db
END = START + timedelta(days=31)
HOUR = timedelta(hours=1)


@pytest.fixture
def owner(alice):
    return Actor(ActorType.USER, alice.pk)


@pytest.fixture
def staff(db):
    return Actor(ActorType.STAFF, AdminFactory.create(email="mia@example.com").pk)


@pytest.fixture
def stripe_keys(settings):
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def events():
    return list(SubscriptionEvent.objects.order_by("at", "id"))


def types():
    return [each.type for each in events()]


def changed(each):
    return {
        name: (each.before.get(name), value)
        for name, value in each.after.items()
        if each.before.get(name) != value
    }


def test_a_start_by_hand_tells_who_took_the_money_and_for_what(alice, staff):
    own = start_paid(
        user=alice,
        plan_type=LicenseType.PRO,
        billing_cycle=BillingCycle.MONTHLY,
        reference="Transfer 1",
        actor=staff,
        now=START,
    )

    assert own is not None
    (begun,) = events()
    assert (begun.type, begun.at) == ("started", START)
    assert (begun.actor_type, begun.actor_id) == ("staff", staff.id)
    assert (begun.subscription_id, begun.user_id) == (own.pk, alice.pk)
    assert begun.payment_id == Payment.objects.get().pk
    assert begun.before == {}
    assert begun.after == {
        "status": "active",
        "plan_type": "PRO",
        "billing_cycle": "monthly",
        "amount": "59.00",
        "current_period_end": "2027-04-01T00:00:00+00:00",
        "cancel_at_period_end": False,
        "past_due_since": None,
        "next_plan_type": None,
        "next_billing_cycle": None,
        "next_amount": None,
        "next_plan_at": None,
    }


def test_a_payment_by_hand_is_told_once_by_its_reference(alice, staff):
    own = subscribed(alice, START)
    for _ in range(2):
        mark_as_paid(
            subscription=own, reference="Transfer 2", actor=staff, now=START + DAY
        )

    _, renewed = events()
    assert (renewed.type, renewed.actor_id) == ("renewed", staff.id)
    paid = Payment.objects.get(pk=renewed.payment_id)
    assert (paid.provider, paid.provider_id) == (
        Provider.MANUAL,
        f"{own.pk} Transfer 2",
    )
    assert changed(renewed) == {
        "current_period_end": (
            "2027-04-01T00:00:00+00:00",
            "2027-05-01T00:00:00+00:00",
        )
    }


def test_what_the_clock_does_is_told_once_each(alice):
    subscribed(alice, START)
    for now in (END, END, END + 8 * DAY, END + 8 * DAY, END + 60 * DAY, END + 60 * DAY):
        settle_due(now=now)

    assert types() == ["started", "past_due", "suspended", "expired"]
    _, late, held, expired = events()
    assert changed(late) == {"past_due_since": (None, "2027-04-01T00:00:00+00:00")}
    assert changed(held) == {"status": ("active", "suspended")}
    assert changed(expired) == {"status": ("suspended", "expired")}
    assert {each.actor_type for each in (late, held, expired)} == {"system"}


def test_a_payment_that_brings_it_back_tells_from_where(alice):
    own = subscribed(alice, START)
    settle_due(now=END + 60 * DAY)
    renew(own, END + 61 * DAY)

    back = events()[-1]
    assert (back.type, changed(back)["status"]) == ("renewed", ("expired", "active"))
    assert changed(back)["past_due_since"] == ("2027-04-01T00:00:00+00:00", None)


def test_who_cancelled_and_who_undid_it(alice, owner, staff):
    own = subscribed(alice, START)
    for _ in range(2):
        cancel_at_period_end(subscription=own, actor=owner, now=START + DAY)
    undo_cancellation(subscription=own, actor=staff, now=START + 2 * DAY)
    with pytest.raises(NothingToUndo):
        undo_cancellation(subscription=own, actor=staff, now=START + 3 * DAY)

    assert types() == ["started", "cancelled", "cancellation_undone"]
    _, cancelled, undone = events()
    assert (cancelled.actor_type, cancelled.actor_id) == ("user", alice.pk)
    assert (undone.actor_type, undone.actor_id) == ("staff", staff.id)
    assert changed(cancelled) == {
        "status": ("active", "cancelled"),
        "cancel_at_period_end": (False, True),
    }
    assert changed(undone) == {
        "status": ("cancelled", "active"),
        "cancel_at_period_end": (True, False),
    }


def test_who_cancelled_at_once_and_why(alice, owner, staff):
    own = subscribed(alice, START)
    cancel_at_period_end(subscription=own, actor=owner, now=START + DAY)
    for _ in range(2):
        cancel_now(
            subscription=own, actor=staff, reason="They asked", now=START + 2 * DAY
        )

    *_, first, second = events()
    assert (first.type, second.type, len(events())) == ("cancelled", "cancelled", 3)
    assert (second.reason, second.actor_id) == ("They asked", staff.id)
    assert changed(second) == {
        "cancel_at_period_end": (True, False),
        "current_period_end": (
            "2027-04-01T00:00:00+00:00",
            "2027-03-03T00:00:00+00:00",
        ),
    }


def test_a_part_that_is_paid_back_and_then_the_rest(alice):
    own = start(alice, "pi_1")
    for refunded in ("20.00", "20.00", "59.00", "59.00"):
        refund("pi_1", refunded)

    assert types() == ["started", "refunded", "refunded", "cancelled"]
    _, part, whole, cancelled = events()
    assert changed(part) == {"refunded_amount": ("0.00", "20.00")}
    assert changed(whole) == {"refunded_amount": ("20.00", "59.00")}
    assert {each.payment_id for each in (part, whole)} == {Payment.objects.get().pk}
    assert (cancelled.reason, cancelled.subscription_id) == ("Refunded", own.pk)


def test_a_dispute_that_is_won_and_one_that_is_lost(alice, charlie):
    start(alice, "pi_1")
    start(charlie, "pi_2")
    for _ in range(2):
        dispute("pi_1", Dispute.OPEN)
        dispute("pi_1", Dispute.WON)
        dispute("pi_2", Dispute.LOST)

    of_alice = SubscriptionEvent.objects.filter(user_id=alice.pk).order_by("id")
    of_charlie = SubscriptionEvent.objects.filter(user_id=charlie.pk).order_by("id")
    assert [each.type for each in of_alice] == ["started", "disputed", "dispute_won"]
    assert [each.type for each in of_charlie] == [
        "started",
        "dispute_lost",
        "cancelled",
    ]
    assert changed(of_alice[1]) == {"dispute": ("none", "open")}
    assert changed(of_charlie[1]) == {
        "dispute": ("none", "lost"),
        "lost_amount": ("0.00", "59.00"),
    }


def test_what_came_before_its_payment_is_told_when_that_comes(alice):
    refund("pi_1", "20.00")
    dispute("pi_1", Dispute.OPEN)
    assert types() == []

    start(alice, "pi_1")

    assert types() == ["started", "refunded", "disputed"]
    paid = Payment.objects.get()
    assert {each.payment_id for each in events()} == {paid.pk}
    assert events()[1].after["refunded_amount"] == "20.00"


def test_what_fails_leaves_no_event(alice):
    own = subscribed(alice, START)
    terms.revoke_license(
        license=license_of(own), reason="Abuse", actor=SYSTEM, now=START
    )

    with pytest.raises(LicenseRevoked):
        renew_subscription(
            subscription=own, receipt=receipt(START), actor=SYSTEM, now=START + DAY
        )

    assert types() == ["started"]


@pytest.mark.usefixtures("stripe_keys")
def test_what_stripe_tells_ten_times_is_one_event(alice):
    started(alice)
    told = [
        event("invoice.paid", cycle(alice, "pi_2"), at=at(2)),
        event(
            "invoice.payment_failed",
            stripe.invoice(alice, "pi_3", reason="subscription_cycle"),
            at=at(3),
        ),
        event(
            "customer.subscription.updated",
            stripe.subscription(is_ending=True),
            at=at(4),
        ),
        event("customer.subscription.updated", stripe.subscription(), at=at(5)),
        event("customer.subscription.deleted", stripe.subscription(), at=at(6)),
    ]
    for each in told:
        for _ in range(10):
            assert send(each) == 200

    kept = SubscriptionEvent.objects.order_by("id")
    assert [each.type for each in kept] == [
        "started",
        "renewed",
        "payment_failed",
        "cancelled",
        "cancellation_undone",
        "cancelled",
    ]
    assert {each.actor_type for each in kept} == {"system"}
    failed = Payment.objects.get(provider_id="pi_3")
    assert kept[2].payment_id == failed.pk


# --- Where support looks --------------------------------------------------------------
CHANGES = "admin:billing_subscriptionevent_changelist"


def look(client, user, **asked):
    client.force_login(user)
    return client.get(reverse(CHANGES), asked).content.decode()


def test_the_owner_cancels_on_their_page_and_support_sees_it(client, alice):
    own = subscribed(alice, datetime.now(UTC) - HOUR)
    client.force_login(alice)
    client.post(reverse("subscription_cancel", args=[own.pk]))
    client.post(reverse("subscription_undo", args=[own.pk]))

    page = look(client, AdminFactory.create(), q="Alice@Example.com")

    assert types() == ["started", "cancelled", "cancellation_undone"]
    assert page.count("alice@example.com, Owner") == 2
    assert "status: active → cancelled" in page
    assert reverse("admin:billing_subscription_change", args=[own.pk]) in page


def test_the_list_tells_terms_that_changed_in_words(client, alice):
    own = subscribed(alice, START)
    renew_subscription(
        subscription=own, receipt=receipt(START), actor=SYSTEM, now=START + DAY
    )

    page = look(client, AdminFactory.create())

    renewed, started = (each.after["current_period_end"] for each in events()[::-1])
    assert f"current period end: {day(started)} → {day(renewed)}" in page
    assert page.count(f"current period end: {day(started)}") == 2
    assert f"plan type: {own.plan_type}" in page
    assert "next plan" not in page


def test_the_list_tells_what_was_bought_for_ever(client, alice):
    subscribed(alice, START, billing_cycle=BillingCycle.LIFETIME)

    page = look(client, AdminFactory.create())

    assert "current period end: Never ends" in page
    assert "9999" not in page


def day(text):
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"


def test_events_are_narrowed_by_type_and_by_whose_they_are(client, alice, charlie):
    for user in (alice, charlie):
        cancel_at_period_end(
            subscription=subscribed(user, START),
            actor=Actor(ActorType.USER, user.pk),
            now=START + DAY,
        )
    admin = AdminFactory.create()

    def found(**asked):
        client.force_login(admin)
        return client.get(reverse(CHANGES), asked).context["cl"].result_count

    theirs = Subscription.objects.get(user=charlie)
    assert found() == 4
    assert found(type__exact="cancelled") == 2
    assert found(q=str(theirs.pk)) == 2
    assert found(q="charlie@example.com", type__exact="started") == 1
    assert found(q="nobody@example.com") == 0


def test_an_action_of_the_back_office_tells_who_and_why(client, alice):
    own = subscribed(alice, datetime.now(UTC) - HOUR)
    admin = AdminFactory.create()
    client.force_login(admin)
    url = reverse("admin:billing_subscription_changelist")
    chosen = {"_selected_action": [str(own.pk)], "confirmed": "1"}
    client.post(url, {**chosen, "action": "cancel_at_end"})
    client.post(url, {**chosen, "action": "undo_cancellation"})
    client.post(url, {**chosen, "action": "cancel_at_once", "reason": "Asked by phone"})

    assert types() == ["started", "cancelled", "cancellation_undone", "cancelled"]
    assert {each.actor_id for each in events()[1:]} == {admin.pk}
    assert events()[-1].reason == "Asked by phone"
    shown = client.get(reverse("admin:billing_subscription_change", args=[own.pk]))
    assert f"{reverse(CHANGES)}?q={own.pk}" in shown.content.decode()


def test_a_reseller_sees_their_customers_and_not_who_of_the_staff(
    client, alice, bob, charlie, staff
):
    User.objects.filter(pk=alice.pk).update(reseller=bob)
    for user in (alice, charlie):
        own = subscribed(user, START)
        cancel_at_period_end(subscription=own, actor=staff, now=START + DAY)

    page = look(client, bob)

    assert page.count("alice@example.com") >= 2
    assert "charlie@example.com" not in page
    assert "mia@example.com" not in page


def test_what_outlives_its_user_is_still_shown(client, alice, owner):
    cancel_at_period_end(
        subscription=subscribed(alice, START), actor=owner, now=START + DAY
    )
    amount = Decimal(Subscription.objects.get().amount)
    alice.delete()

    page = look(client, AdminFactory.create())

    assert page.count("deleted") >= 2
    assert str(amount) in page
