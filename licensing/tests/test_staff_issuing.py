"""Licenses that the staff gives: once for a form, and to whom they may."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from accounts.tests.threads import all_at_once
from licensing.models import License, LicenseEvent, LicenseType, Plan, StaffOrder
from licensing.services.allotments import QuantityInvalid
from licensing.services.issuing import TermInvalid
from licensing.services.repeats import FormUsedAlready
from licensing.services.reselling import revoke_with_credit
from licensing.services.staff_issuing import Order, OwnerDisabled, issue_by_staff
from licensing.tests.factories import AllotmentFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib.actors import Actor, ActorType

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def order(owner, **values):
    told = {
        "license_type": LicenseType.PRO,
        "quantity": 1,
        "reason": "A fair",
        **values,
    }
    return Order(owner=owner, **told)


def issue(order, *, key=None, staff_id=None, now=NOW):
    return issue_by_staff(
        order=order,
        actor=Actor(ActorType.STAFF, staff_id),
        now=now,
        idempotency_key=key or uuid.uuid4(),
    )


@pytest.mark.django_db
def test_staff_issue_to_anybody_with_an_event_that_says_who_and_why(alice):
    staff = AdminFactory.create()

    (one, _) = issue(order(alice, quantity=2), staff_id=staff.pk)

    event = LicenseEvent.objects.get(license_id=one.license.pk)
    assert (event.type, event.reason) == ("issued", "A fair")
    assert (event.actor_type, event.actor_id) == ("staff", staff.pk)
    plan = Plan.objects.get(license_type="PRO")
    assert one.license.max_accounts == plan.max_accounts
    assert one.license.expires_at == NOW + timedelta(days=plan.term_days)
    assert License.objects.filter(user=alice).count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "ends", "trial_days"),
    [
        ({"days": 3}, NOW + timedelta(days=3), None),
        ({"is_lifetime": True}, None, None),
        ({"license_type": LicenseType.TRIAL, "days": 5}, None, 5),
    ],
)
def test_an_order_has_its_own_term(alice, values, ends, trial_days):
    asked = order(alice, **values)

    (one,) = issue(asked)

    assert (one.license.expires_at, one.license.trial_days) == (ends, trial_days)
    terms = asked.terms(NOW)
    assert (terms["expires_at"], terms["trial_days"]) == (ends, trial_days)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"quantity": 0}, QuantityInvalid),
        ({"quantity": 101}, QuantityInvalid),
        ({"license_type": LicenseType.TRIAL, "is_lifetime": True}, TermInvalid),
        ({"license_type": LicenseType.TRIAL, "days": 15}, TermInvalid),
    ],
)
def test_what_is_refused_issues_nothing(alice, values, error):
    with pytest.raises(error):
        issue(order(alice, **values))

    assert not License.objects.exists()
    assert not StaffOrder.objects.exists()


@pytest.mark.django_db
def test_a_disabled_owner_gets_none(alice):
    asked = order(alice)
    alice.is_active = False
    alice.save()

    with pytest.raises(OwnerDisabled):
        issue(asked)


@pytest.mark.django_db
def test_a_customer_of_a_reseller_gets_one_that_no_allotment_pays_or_is_credited():
    bob = ResellerFactory.create()
    AllotmentFactory.create(reseller=bob, total=5)
    customer = UserFactory.create(reseller=bob)

    (one,) = issue(order(customer))
    before = (figures(), ledgers())
    credited = revoke_with_credit(
        license=one.license, reason="x", actor=Actor(ActorType.RESELLER), now=NOW
    )

    assert before == ({"Pro Monthly": (5, 0)},) * 2
    assert credited == 0
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}
    assert set(License.objects.visible_to(bob)) == {one.license}


@pytest.mark.django_db
def test_a_form_sent_twice_shows_the_same_keys_for_a_quarter_of_an_hour(alice):
    key = uuid.uuid4()
    first = issue(order(alice, quantity=2), key=key)

    again = issue(order(alice, quantity=2), key=key, now=NOW + timedelta(minutes=14))
    with pytest.raises(FormUsedAlready):
        issue(order(alice, quantity=2), key=key, now=NOW + timedelta(minutes=16))

    assert sorted(each.key for each in again) == sorted(each.key for each in first)
    assert License.objects.count() == 2
    shown = LicenseEvent.objects.filter(type="key_revealed")
    assert shown.count() == 2


@pytest.mark.django_db
def test_a_form_sent_again_with_other_values_is_refused(alice, charlie):
    key = uuid.uuid4()
    issue(order(alice), key=key)

    for other in (
        order(charlie),
        order(alice, quantity=2),
        order(alice, license_type=LicenseType.BASIC),
    ):
        with pytest.raises(FormUsedAlready):
            issue(other, key=key)
    with pytest.raises(FormUsedAlready):
        issue(order(alice), key=key, staff_id=charlie.pk)

    assert License.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_issues_once(rounds):
    alice = UserFactory.create()
    for _ in range(rounds):
        send = partial(issue, order(alice, quantity=2), key=uuid.uuid4())

        first, second = all_at_once([send, send])

        assert sorted(one.key for one in first) == sorted(one.key for one in second)
    assert License.objects.count() == 2 * rounds
    assert StaffOrder.objects.count() == rounds
