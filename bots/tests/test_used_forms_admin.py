"""A form of the back office that is sent again: never "done" of what was not done."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from bots.tests.test_license_actions import KEY
from licensing.models import License, LicenseType
from licensing.services import terms
from licensing.tests.factories import AllotmentFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db

LICENSES = reverse("admin:licensing_license_changelist")
ISSUE = reverse("admin:licensing_license_issue")
ALLOTMENTS = reverse("admin:licensing_allotment_changelist")
GRANT = reverse("admin:licensing_allotment_grant")
OTHER_VALUES = "sent already, with other values"
DONE_ALREADY = "This was done already."


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db):
    return signed_in(AdminFactory.create())


@pytest.fixture
def bob(bob, alice):
    """Alice's reseller."""
    alice.reseller = bob
    alice.save()
    return bob


def text_of(answer):
    return answer.content.decode()


def told(client, answer):
    """Return the message that a redirect leads to."""
    page = client.get(answer["Location"])
    return [str(message) for message in page.context["messages"]]


def grant(bob, **values):
    return {
        "form_key": str(uuid.uuid4()),
        "reseller": str(bob.pk),
        "license_type": "PRO",
        "cycle": "monthly",
        "quantity": "2",
        "reason": "paid",
        **values,
    }


def confirmed(action, row, **values):
    return {
        "action": action,
        "_selected_action": str(row.pk),
        "confirmed": "1",
        "form_key": str(uuid.uuid4()),
        "reason": "They asked",
        **values,
    }


def test_a_grant_with_other_values_is_refused_and_a_repeated_one_says_so(staff, bob):
    sent = grant(bob)

    said = told(staff, staff.post(GRANT, sent))
    again = told(staff, staff.post(GRANT, sent))
    others = [
        text_of(staff.post(GRANT, {**sent, **other}))
        for other in ({"quantity": "7"}, {"reason": "x"}, {"license_type": "BASIC"})
    ]

    assert (said, again) == (["2 granted."], [DONE_ALREADY])
    assert all(OTHER_VALUES in page for page in others)
    assert figures() == ledgers() == {"Pro Monthly": (2, 0)}


def test_a_reduction_with_another_quantity_is_refused(staff, bob):
    allotment = AllotmentFactory.create(reseller=bob)
    sent = confirmed("reduce", allotment, quantity="1")

    said = told(staff, staff.post(ALLOTMENTS, sent))
    again = told(staff, staff.post(ALLOTMENTS, sent))
    other = text_of(staff.post(ALLOTMENTS, {**sent, "quantity": "2"}))

    assert (said, again) == (["Reduce: 1 done."], [DONE_ALREADY])
    assert OTHER_VALUES in other
    assert figures() == ledgers() == {"Pro Monthly": (4, 0)}
    assert LogEntry.objects.count() == 1


@pytest.fixture
def seller(bob):
    AllotmentFactory.create(reseller=bob)
    return signed_in(bob)


def order(**values):
    return {
        "form_key": str(uuid.uuid4()),
        "email": "alice@example.com",
        "license_type": "PRO",
        "cycle": "monthly",
        "quantity": "2",
        "max_accounts": "1",
        "note": "for the fair",
        **values,
    }


def test_an_extension_by_other_cycles_is_refused(seller):
    seller.post(ISSUE, order(quantity="1"))
    license = License.objects.get()
    sent = confirmed("extend", license, cycle="monthly", cycles="1")

    said = told(seller, seller.post(LICENSES, sent))
    again = told(seller, seller.post(LICENSES, sent))
    other = text_of(seller.post(LICENSES, {**sent, "cycles": "2"}))

    assert (said, again) == (["Extend: 1 done."], [DONE_ALREADY])
    assert OTHER_VALUES in other
    assert figures() == ledgers() == {"Pro Monthly": (5, 2)}
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(
    "other", [{"max_accounts": "3"}, {"max_accounts": ""}, {"note": "another"}]
)
def test_an_order_with_other_accounts_or_another_note_is_refused(seller, other):
    sent = order()
    first = text_of(seller.post(ISSUE, sent))

    page = text_of(seller.post(ISSUE, {**sent, **other}))
    same = text_of(seller.post(ISSUE, sent))

    assert OTHER_VALUES in page
    assert KEY.findall(page) == []
    assert KEY.findall(same) == KEY.findall(first)


def test_an_order_is_the_same_after_staff_changed_what_it_issued(seller):
    sent = order(quantity="1")
    first = text_of(seller.post(ISSUE, sent))
    terms.change_plan(
        license=License.objects.get(),
        license_type=LicenseType.ENTERPRISE,
        actor=COMMAND_LINE,
        now=clock.now(),
    )

    assert KEY.findall(text_of(seller.post(ISSUE, sent))) == KEY.findall(first)


def staff_order(**values):
    return {
        "form_key": str(uuid.uuid4()),
        "owner": "alice@example.com",
        "license_type": "PRO",
        "quantity": "1",
        "reason": "They helped at the fair",
        **values,
    }


@pytest.mark.parametrize(
    "other",
    [{"days": "365"}, {"is_lifetime": "on"}, {"max_accounts": "9"}, {"reason": "x"}],
)
@pytest.mark.parametrize("agreed", [{}, {"agreed": "1"}])
def test_a_used_form_of_staff_promises_no_other_terms(staff, alice, other, agreed):
    sent = staff_order()
    staff.post(ISSUE, {**sent, "agreed": "1"})

    page = text_of(staff.post(ISSUE, {**sent, **other, **agreed}))

    assert OTHER_VALUES in page
    assert 'name="agreed"' not in page
    assert License.objects.count() == 1


def test_a_used_form_of_staff_is_not_read_over_again(staff, alice):
    sent = staff_order()
    first = text_of(staff.post(ISSUE, {**sent, "agreed": "1"}))

    read_over = text_of(staff.post(ISSUE, sent))
    same = text_of(staff.post(ISSUE, {**sent, "agreed": "1"}))

    assert "issued already" in read_over
    assert KEY.findall(same) == KEY.findall(first)
