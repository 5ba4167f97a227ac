"""Staff choose which holds of a license they lift; nobody is stuck with one."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AdminFactory, ResellerFactory
from licensing.models import HoldSource, LicenseEvent, LicenseHold, LicenseStatus
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:licensing_license_changelist")


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db):
    return signed_in(AdminFactory.create())


def lift(client, licenses, holds):
    sent = {
        "action": "reinstate",
        "_selected_action": [str(each.pk) for each in licenses],
        "confirmed": "1",
        "reason": "They asked",
        "holds": [str(each.pk) for each in holds],
    }
    return client.post(LIST, sent)


def open_holds():
    return set(LicenseHold.objects.open())


@pytest.mark.parametrize(
    ("source", "reference"),
    [
        (HoldSource.ADMIN, ""),
        (HoldSource.ADMIN, "reseller:gone"),
        (HoldSource.RESELLER, ""),
        (HoldSource.ABUSE, "chargebacks"),
    ],
)
def test_staff_lift_a_hold_of_anybody(staff, source, reference):
    license = LicenseFactory.create(status=LicenseStatus.SUSPENDED)
    hold = LicenseHoldFactory.create(
        license=license, source=source, reference=reference
    )

    answer = lift(staff, [license], [hold])

    license.refresh_from_db()
    event = LicenseEvent.objects.get()
    assert answer.status_code == 302
    assert (license.status, open_holds()) == (LicenseStatus.ACTIVE, set())
    assert (event.type, event.reason) == ("reinstated", "They asked")
    assert event.before["hold"] == source
    assert event.before["reference"] == reference


def test_of_several_holds_only_the_chosen_are_lifted(staff):
    license = LicenseFactory.create(status=LicenseStatus.SUSPENDED)
    kept, *chosen = [
        LicenseHoldFactory.create(license=license, reference=reference)
        for reference in ("", "one", "two")
    ]

    lift(staff, [license], chosen)

    license.refresh_from_db()
    assert (license.status, open_holds()) == (LicenseStatus.SUSPENDED, {kept})
    events = LicenseEvent.objects.order_by("sequence").values_list("after__status")
    assert list(events) == [("suspended",), ("suspended",)]


def test_a_hold_of_billing_is_not_offered_and_not_lifted(staff):
    license = LicenseFactory.create(status=LicenseStatus.SUSPENDED)
    hold = LicenseHoldFactory.create(license=license, source=HoldSource.BILLING)

    answer = lift(staff, [license], [hold])

    assert "open no more" in answer.content.decode()
    assert open_holds() == {hold}


def test_each_license_wants_a_hold_of_its_own(staff):
    first, second = LicenseHoldFactory.create_batch(2)

    answer = lift(staff, [first.license, second.license], [first])

    assert "Choose a hold of each license" in answer.content.decode()
    assert open_holds() == {first, second}


def test_a_hold_that_was_lifted_meanwhile_is_refused(staff):
    hold = LicenseHoldFactory.create()
    lift(staff, [hold.license], [hold])

    answer = lift(staff, [hold.license], [hold])

    assert "open no more" in answer.content.decode()
    assert LicenseEvent.objects.count() == 1


def test_the_page_tells_the_holds_and_chooses_the_only_one(staff):
    hold = LicenseHoldFactory.create(source=HoldSource.RESELLER, reason="unpaid")
    named = {"action": "reinstate", "_selected_action": str(hold.license_id)}

    one = staff.post(LIST, named).content.decode()
    LicenseHoldFactory.create(license=hold.license)
    two = staff.post(LIST, named).content.decode()

    assert "Reseller, since 2 Jan 2026: unpaid" in one
    assert (one.count("checked"), two.count("checked")) == (1, 0)


def test_a_reseller_lifts_no_hold_of_others_by_naming_it(alice, bob):
    alice.reseller = bob
    alice.save()
    hold = LicenseHoldFactory.create(license__user=alice)

    answer = lift(signed_in(bob), [hold.license], [hold])

    assert "did not suspend" in answer.content.decode()
    assert open_holds() == {hold}


def test_a_reseller_lifts_no_hold_of_their_customer_s_former_one(alice, bob):
    alice.reseller = bob
    alice.save()
    former = ResellerFactory.create()
    hold = LicenseHoldFactory.create(
        license__user=alice, source=HoldSource.RESELLER, placed_by=former.pk
    )

    answer = lift(signed_in(bob), [hold.license], [])

    assert "did not suspend" in answer.content.decode()
    assert open_holds() == {hold}


def test_a_stranger_s_license_is_not_there_to_reinstate():
    hold = LicenseHoldFactory.create(source=HoldSource.RESELLER)

    answer = lift(signed_in(ResellerFactory.create()), [hold.license], [hold])

    assert answer.status_code == 404
    assert open_holds() == {hold}
