"""Each change of plan or cycle leaves an event: who, when, from what to what."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.services.users import delete_user
from accounts.tests.factories import AdminFactory
from billing.models import BillingCycle, SubscriptionEvent
from billing.services.cycles import change_cycle, quote_cycle, schedule_cycle
from billing.services.due import settle_due
from billing.services.plans import (
    NextIsPaid,
    NotADowngrade,
    forget_change,
    quote_upgrade,
    schedule_downgrade,
    upgrade_subscription,
)
from billing.tests.factories import receipt, renew, subscribed
from licensing.models import LicenseType
from smarttrader.lib.actors import Actor, ActorType

pytestmark = pytest.mark.django_db
START = datetime(2027, 3, 1, tzinfo=UTC)
END = "2027-04-01T00:00:00+00:00"
DAY = timedelta(days=1)
CHANGES = ("change_scheduled", "change_undone", "plan_changed", "cycle_changed")
NOTHING_NEXT = {
    "next_plan_type": None,
    "next_billing_cycle": None,
    "next_amount": None,
    "next_plan_at": None,
}
PRO = {
    "status": "active",
    "cancel_at_period_end": False,
    "past_due_since": None,
    "plan_type": "PRO",
    "billing_cycle": "monthly",
    "amount": "59.00",
    "current_period_end": END,
    **NOTHING_NEXT,
}
BASIC_NEXT = {
    **PRO,
    "next_plan_type": "BASIC",
    "next_billing_cycle": "monthly",
    "next_amount": "29.00",
    "next_plan_at": END,
}


@pytest.fixture
def own(alice):
    return subscribed(alice, START)


@pytest.fixture
def owner(alice):
    return Actor(ActorType.USER, alice.pk)


def noted():
    """Return the changes of plan and cycle; test_subscription_audit.py has the rest."""
    rows = SubscriptionEvent.objects.filter(type__in=CHANGES).order_by("at", "id")
    return [(each.type, each.actor_type, each.before, each.after) for each in rows]


def downgrade(own, actor, now=START + DAY):
    schedule_downgrade(
        subscription=own, plan_type=LicenseType.BASIC, actor=actor, now=now
    )


def to_a_year(own, actor, now):
    own.refresh_from_db()
    due = quote_cycle(subscription=own, billing_cycle=BillingCycle.YEARLY, now=now)
    return change_cycle(
        subscription=own,
        plan_type=LicenseType.PRO,
        billing_cycle=BillingCycle.YEARLY,
        receipt=receipt(now, str(due), provider_id="pi_year"),
        actor=actor,
        now=now,
    )


def test_a_start_and_a_renewal_change_neither_plan_nor_cycle(own):
    renew(own, START + DAY)

    assert noted() == []


def test_what_is_scheduled_is_noted_and_who_undid_it(own, owner):
    staff = Actor(ActorType.STAFF, AdminFactory.create().pk)
    downgrade(own, owner)
    forget_change(subscription=own, actor=staff, now=START + 2 * DAY)

    assert noted() == [
        ("change_scheduled", "user", PRO, BASIC_NEXT),
        ("change_undone", "staff", BASIC_NEXT, PRO),
    ]
    _, first, second = SubscriptionEvent.objects.order_by("at")
    assert (first.actor_id, second.actor_id) == (owner.id, staff.id)
    assert (first.subscription_id, first.user_id) == (own.pk, own.user_id)
    assert (first.at, second.at) == (START + DAY, START + 2 * DAY)


def test_what_the_clock_begins_is_noted_once(own, owner):
    downgrade(own, owner)
    for _ in range(2):
        settle_due(now=START + 31 * DAY)

    (_, begun) = noted()
    basic = {**PRO, "plan_type": "BASIC", "amount": "29.00"}
    assert begun == ("plan_changed", "system", BASIC_NEXT, basic)


def test_a_plan_and_a_cycle_that_begin_together_are_two_events(own, owner):
    downgrade(own, owner)
    schedule_cycle(
        subscription=own, billing_cycle=BillingCycle.YEARLY, actor=owner, now=START
    )
    settle_due(now=START + 31 * DAY)

    types = [row[0] for row in noted()]
    assert sorted(types[2:]) == ["cycle_changed", "plan_changed"]
    assert types.count("change_scheduled") == 2
    after = noted()[-1][3]
    assert (after["plan_type"], after["billing_cycle"]) == ("BASIC", "yearly")


def test_an_upgrade_is_noted_once_however_often_it_is_told(own, owner):
    now = START + DAY
    enterprise = LicenseType.ENTERPRISE
    due = quote_upgrade(subscription=own, plan_type=enterprise, now=now)
    for _ in range(2):
        upgrade_subscription(
            subscription=own,
            plan_type=enterprise,
            billing_cycle=BillingCycle.MONTHLY,
            receipt=receipt(now, str(due), provider_id="pi_up"),
            actor=owner,
            now=now,
        )

    ((type_, actor, before, after),) = noted()
    assert (type_, actor, before) == ("plan_changed", "user", PRO)
    assert (after["plan_type"], after["current_period_end"]) == ("ENTERPRISE", END)
    assert Decimal(after["amount"]) > Decimal("59.00")


def test_a_longer_cycle_is_noted_with_its_new_end(own, owner):
    assert [to_a_year(own, owner, START + DAY)] == [True]

    ((type_, _, before, after),) = noted()
    assert (type_, before["billing_cycle"]) == ("cycle_changed", "monthly")
    assert (after["billing_cycle"], after["current_period_end"]) == (
        "yearly",
        "2028-03-02T00:00:00+00:00",
    )


def test_what_is_refused_leaves_no_event(own, owner):
    with pytest.raises(NotADowngrade):
        schedule_downgrade(
            subscription=own, plan_type=LicenseType.PRO, actor=owner, now=START
        )
    downgrade(own, owner)
    own.refresh_from_db()
    renew(own, START + DAY)
    with pytest.raises(NextIsPaid):
        forget_change(subscription=own, actor=owner, now=START + 2 * DAY)

    assert [row[0] for row in noted()] == ["change_scheduled"]


def test_an_event_is_neither_changed_nor_deleted_and_outlives_the_user(
    own, owner, alice
):
    downgrade(own, owner)

    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        SubscriptionEvent.objects.update(type="plan_changed")
    with pytest.raises(IntegrityError, match="neither changed"), transaction.atomic():
        SubscriptionEvent.objects.all().delete()
    delete_user(user=alice, now=START + 2 * DAY)

    assert len(noted()) == 1


def test_the_owner_does_it_on_their_page_and_staff_see_who_it_was(client, own, alice):
    client.force_login(alice)
    client.post(
        reverse("subscription_downgrade", args=[own.pk]), {"plan_type": "BASIC"}
    )

    event = SubscriptionEvent.objects.exclude(type="started").get()
    assert (event.actor_type, event.actor_id) == ("user", alice.pk)
    client.force_login(AdminFactory.create())
    changes = reverse("admin:billing_subscriptionevent_changelist")
    assert str(own.pk) in client.get(changes).content.decode()
