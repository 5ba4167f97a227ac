"""A reseller who marks a payment as paid spends a credit, as by any other extension."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.urls import reverse

from accounts.models import Role, User
from accounts.services.customers import ResellerSuspended
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from accounts.tests.threads import all_at_once
from billing.models import BillingCycle, Invoice, Payment, Renewal
from billing.services.by_hand import mark_as_paid
from billing.services.cycles import schedule_cycle
from billing.services.locks import SubscriptionGone
from billing.services.plans import schedule_downgrade
from billing.tests.factories import license_of, subscribed
from licensing.models import AllotmentEntry, Cycle, LicenseType, Plan
from licensing.services.allotments import AllotmentUsedUp
from licensing.services.reselling import revoke_with_credit
from licensing.tests.factories import AllotmentFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib.actors import SYSTEM, Actor, ActorType

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def customer(alice, bob):
    User.objects.filter(pk=alice.pk).update(reseller=bob)
    return User.objects.get(pk=alice.pk)


@pytest.fixture
def own(customer):
    return subscribed(customer, START)


def credit(reseller, total=1, plan=LicenseType.PRO, cycle=Cycle.MONTHLY):
    AllotmentFactory.create(
        reseller=reseller,
        plan=Plan.objects.get(license_type=plan),
        cycle=cycle,
        total=total,
    )


def mark(subscription, reseller, reference="Transfer 1", now=START + DAY):
    actor = Actor(ActorType.RESELLER, reseller.pk)
    return mark_as_paid(
        subscription=subscription, reference=reference, actor=actor, now=now
    )


def counted():
    return Payment.objects.count(), Renewal.objects.count(), Invoice.objects.count()


def test_it_costs_a_credit_and_leaves_a_line_of_the_ledger(own, bob):
    credit(bob, 2)

    assert [mark(own, bob), mark(own, bob)] == [True, False]  # a double click

    assert figures() == ledgers() == {"Pro Monthly": (2, 1)}
    assert Payment.objects.latest("id").reseller_id == bob.pk  # who has the money
    entry = AllotmentEntry.objects.latest("at", "id")
    assert (entry.kind, entry.delta, entry.license_id) == (
        "extension",
        1,
        own.license_id,
    )
    assert (entry.actor_type, entry.actor_id) == ("reseller", bob.pk)
    assert entry.reason == f"Paid by hand: {own.pk} Transfer 1"
    assert license_of(own).expires_at == datetime(2026, 12, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"total": 1},
        {"total": 5, "plan": LicenseType.BASIC},
        {"total": 5, "cycle": Cycle.YEARLY},
        None,
    ],
)
def test_it_is_refused_when_no_such_credit_is_left(own, bob, given):
    if given:
        credit(bob, **given)
    if given == {"total": 1}:
        mark(own, bob, "Transfer 0")
    before, end = counted(), license_of(own).expires_at
    used = figures()

    with pytest.raises(AllotmentUsedUp):
        mark(own, bob)

    # Nothing is left of it: no payment, no period, no number of an invoice.
    assert (counted(), license_of(own).expires_at, figures()) == (before, end, used)


def test_the_credit_is_of_the_plan_and_cycle_that_the_period_has(own, bob):
    credit(bob, 3, cycle=Cycle.MONTHLY)
    credit(bob, 3, LicenseType.BASIC, Cycle.YEARLY)
    schedule_downgrade(
        subscription=own, plan_type=LicenseType.BASIC, actor=SYSTEM, now=START
    )
    own.refresh_from_db()
    schedule_cycle(
        subscription=own, billing_cycle=BillingCycle.YEARLY, actor=SYSTEM, now=START
    )
    own.refresh_from_db()

    mark(own, bob, now=START + 2 * DAY)  # early, for what is scheduled
    mark(own, bob, "Transfer 2", now=datetime(2026, 11, 4, tzinfo=UTC))  # in it

    assert figures() == ledgers() == {"Pro Monthly": (3, 0), "Basic Yearly": (3, 2)}


def test_staff_mark_it_free_of_charge(own, bob):
    credit(bob, 1)
    staff = Actor(ActorType.STAFF, AdminFactory.create().pk)

    mark_as_paid(subscription=own, reference="1", actor=staff, now=START + DAY)

    assert figures() == ledgers() == {"Pro Monthly": (1, 0)}
    assert Renewal.objects.count() == 2


def test_a_stranger_and_a_suspended_reseller_are_refused(own, bob):
    credit(bob, 5)
    dana = ResellerFactory.create()
    credit(dana, 5)

    with pytest.raises(SubscriptionGone):
        mark(own, dana)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(ResellerSuspended):
        mark(own, bob)
    User.objects.filter(pk=bob.pk).update(is_active=True, role=Role.USER)
    with pytest.raises(ResellerSuspended):
        mark(own, bob)

    assert Renewal.objects.count() == 1


def test_a_license_that_was_never_used_gives_the_credit_back(own, bob):
    credit(bob, 1)
    mark(own, bob)

    credited = revoke_with_credit(
        license=license_of(own),
        reason="a mistake",
        actor=Actor(ActorType.RESELLER, bob.pk),
        now=START + 2 * DAY,
    )

    assert credited == 1
    assert figures() == ledgers() == {"Pro Monthly": (1, 0)}


def test_the_page_says_what_it_costs_and_that_nothing_is_left(client, own, bob):
    credit(bob, 1)
    client.force_login(bob)
    page = reverse("admin:billing_subscription_paid", args=[own.pk])

    asked = client.get(page).content.decode()
    taken = client.post(page, {"reference": "1"})
    refused = client.post(page, {"reference": "2"}).content.decode()

    assert "It takes one credit of your allotment: Pro, Monthly." in asked
    assert taken.status_code == 302
    assert "The allotment has not as many credits left" in refused
    client.force_login(AdminFactory.create())
    assert "It takes one credit" not in client.get(page).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_sessions_that_want_the_last_credit_get_one(rounds):
    bob = ResellerFactory.create()
    customers = UserFactory.create_batch(2, reseller=bob)
    two = [subscribed(each, START) for each in customers]

    def attempt(subscription, reference):
        try:
            return str(mark(subscription, bob, reference))
        except AllotmentUsedUp:
            return "used up"

    for number in range(1, rounds + 1):
        credit(bob, 1)
        calls = [
            partial(attempt, each, f"{number} {reference}")
            for each in two
            for reference in "ab"
        ]

        answers = all_at_once(calls)

        assert sorted(answers) == ["True", *["used up"] * 3]
        assert figures() == ledgers() == {"Pro Monthly": (number, number)}
        assert counted() == (2 + number,) * 3


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_cost_one_credit():
    bob = ResellerFactory.create()
    own = subscribed(UserFactory.create(reseller=bob), START)
    credit(bob, 10)

    answers = all_at_once([partial(mark, own, bob)] * 10)

    assert sorted(answers) == [False] * 9 + [True]
    assert figures() == ledgers() == {"Pro Monthly": (10, 1)}
