"""What staff and resellers do with licenses in the back office."""

import os
import re
import tracemalloc
import uuid
from itertools import islice

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AuthEvent, AuthEventType, User
from accounts.tests.factories import PASSWORD, AdminFactory
from licensing.keys import generate_key
from licensing.models import License, LicenseEvent, LicenseHold, LicenseStatus
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from licensing.tests.ledgers import figures, ledgers

pytestmark = pytest.mark.django_db

LIST = reverse("admin:licensing_license_changelist")
ISSUE = reverse("admin:licensing_license_issue")
KEY = re.compile(r"SST(?:-[0-9A-Z]{5}){4}-[0-9A-Z]{2}")


@pytest.fixture
def customer(alice, bob):
    alice.reseller = bob
    alice.save()
    return alice


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def seller(bob):
    return signed_in(bob)


@pytest.fixture
def staff(db):
    return signed_in(AdminFactory.create())


def order(**values):
    return {
        "form_key": str(uuid.uuid4()),
        "email": "alice@example.com",
        "license_type": "PRO",
        "cycle": "monthly",
        "quantity": "1",
        "note": "",
        **values,
    }


def act(client, license, action, **told):
    sent = {"action": action, "_selected_action": str(license.pk), **told}
    return client.post(LIST, sent)


def confirm(client, license, action, **told):
    return act(client, license, action, confirmed="1", **told)


def test_a_reseller_issues_and_is_shown_the_keys_once(seller, bob, customer):
    AllotmentFactory.create(reseller=bob)

    page = seller.post(ISSUE, order(quantity="3")).content.decode()
    listed = seller.get(LIST).content.decode()

    assert len(set(KEY.findall(page))) == License.objects.count() == 3
    assert KEY.findall(listed) == []
    assert figures() == ledgers() == {"Pro Monthly": (5, 3)}


def test_a_double_click_issues_once_and_the_file_holds_the_same_keys(
    seller, bob, customer
):
    AllotmentFactory.create(reseller=bob)
    sent = order(quantity="2")

    first = seller.post(ISSUE, sent).content.decode()
    second = seller.post(ISSUE, sent).content.decode()
    file = seller.post(ISSUE, {**sent, "download": "1"}).getvalue().decode()

    assert KEY.findall(first) == KEY.findall(second) == KEY.findall(file)
    assert License.objects.count() == 2
    event = AuthEvent.objects.get(type=AuthEventType.EXPORTED)
    assert event.detail == {"file": "keys.csv", "rows": 2}
    assert (event.actor_type, event.actor_id) == ("reseller", bob.pk)


def test_what_is_refused_stands_on_the_form_and_loses_nothing(seller, bob, customer):
    AllotmentFactory.create(reseller=bob)

    page = seller.post(ISSUE, order(quantity="6", note="for the fair")).content.decode()

    assert "not as many credits left" in page
    assert "for the fair" in page
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


def test_users_do_not_issue(charlie):
    assert signed_in(charlie).get(ISSUE).status_code == 302
    assert signed_in(charlie).post(ISSUE, order()).status_code == 302


def test_an_action_asks_first_and_wants_a_reason(staff, customer):
    license = LicenseFactory.create(user=customer)

    asked = act(staff, license, "suspend")
    without = confirm(staff, license, "suspend", reason=" ")

    assert "Stays in the audit" in asked.content.decode()
    assert "This field is required" in without.content.decode()
    assert not LicenseHold.objects.exists()


def test_nothing_is_done_by_get(staff, customer):
    license = LicenseFactory.create(user=customer)
    sent = {"action": "revoke", "_selected_action": str(license.pk), "confirmed": "1"}

    staff.get(LIST, {**sent, "reason": "x"})

    license.refresh_from_db()
    assert license.status == LicenseStatus.ACTIVE


def test_a_reseller_lifts_only_their_own_suspension(staff, seller, customer):
    license = LicenseFactory.create(user=customer)
    confirm(staff, license, "suspend", reason="abuse")
    confirm(seller, license, "suspend", reason="unpaid")

    confirm(seller, license, "reinstate", reason="paid")
    again = confirm(seller, license, "reinstate", reason="please")

    license.refresh_from_db()
    held = LicenseHold.objects.open().values_list("source", "reason")
    assert list(held) == [("admin", "abuse")]
    assert license.status == LicenseStatus.SUSPENDED
    assert "did not suspend" in again.content.decode()


def test_of_several_rows_one_refusal_leaves_all_as_they_were(staff, customer):
    good, revoked = LicenseFactory.create_batch(2, user=customer)
    confirm(staff, revoked, "revoke", reason="fraud")
    sent = {
        "action": "suspend",
        "_selected_action": [str(good.pk), str(revoked.pk)],
        "confirmed": "1",
        "reason": "both",
    }

    page = staff.post(LIST, sent).content.decode()

    assert "which is final" in page
    assert not LicenseHold.objects.exists()


def test_a_reseller_extends_from_the_allotment_once_for_a_form(seller, bob, customer):
    AllotmentFactory.create(reseller=bob)
    seller.post(ISSUE, order())
    license = License.objects.get()
    told = {
        "form_key": str(uuid.uuid4()),
        "cycle": "monthly",
        "cycles": "2",
        "reason": "",
    }

    confirm(seller, license, "extend", **told)
    confirm(seller, license, "extend", **told)

    assert figures() == ledgers() == {"Pro Monthly": (5, 3)}


def test_a_reseller_resets_hardware_twice_in_thirty_days(seller, customer):
    license = LicenseFactory.create(user=customer, hardware_id="x" * 64)

    answers = [
        confirm(seller, license, "reset_hardware", reason="new computer").status_code
        for _ in range(3)
    ]

    # A refusal shows the form again.
    assert answers == [302, 302, 200]
    assert LicenseEvent.objects.filter(type="hardware_reset").count() == 2


def test_a_reseller_revokes_with_a_credit(seller, bob, customer):
    AllotmentFactory.create(reseller=bob)
    seller.post(ISSUE, order())

    confirm(seller, License.objects.get(), "revoke", reason="a mistake")

    assert License.objects.get().status == LicenseStatus.REVOKED
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


@pytest.mark.parametrize("action", ["change_plan", "transfer"])
def test_what_is_the_staff_s_alone_is_no_action_of_resellers(seller, customer, action):
    license = LicenseFactory.create(user=customer)

    confirm(
        seller,
        license,
        action,
        license_type="ENTERPRISE",
        to="alice@example.com",
        reason="x",
    )

    license.refresh_from_db()
    assert license.license_type == "PRO"
    assert not LicenseEvent.objects.exists()


def test_a_file_holds_no_formula_and_no_key(staff):
    owner = User.objects.create_user("=cmd@example.com")
    license = LicenseFactory.create(user=owner, max_accounts=3)

    file = act(staff, license, "export").getvalue().decode()

    assert "'=cmd@example.com" in file
    assert ",3," in file
    assert KEY.findall(file) == []
    assert license.masked_key in file


def test_staff_grant_and_reduce_an_allotment(staff, bob):
    told = {
        "form_key": str(uuid.uuid4()),
        "reseller": str(bob.pk),
        "license_type": "PRO",
        "cycle": "monthly",
        "quantity": "9",
        "reason": "paid",
    }
    grant = reverse("admin:licensing_allotment_grant")

    staff.post(grant, told)
    staff.post(grant, told)

    assert figures() == ledgers() == {"Pro Monthly": (9, 0)}


def test_sales_are_told_by_month_and_as_a_file(seller, bob, customer):
    AllotmentFactory.create(reseller=bob)
    seller.post(ISSUE, order(quantity="2"))
    report = reverse("admin:licensing_allotmententry_report")

    page = seller.get(report).content.decode()
    file = seller.post(report).getvalue().decode().splitlines()

    assert '<td>Pro</td><td>Monthly</td><td class="num">2</td>' in page
    assert file[0] == "month,reseller,plan,cycle,issued,extended,credited,net"
    assert file[1].endswith(f",{bob.email},PRO,monthly,2,0,0,2")
    event = AuthEvent.objects.get(type=AuthEventType.EXPORTED)
    assert event.detail == {"file": "sales.csv", "rows": 1}
    assert event.actor_id == bob.pk


def test_staff_are_told_what_each_reseller_sold(seller, staff, bob, customer):
    AllotmentFactory.create(reseller=bob)
    seller.post(ISSUE, order())

    page = staff.get(reverse("admin:licensing_allotmententry_report"))

    assert f"<td>{bob.email}</td><td>Pro</td>" in page.content.decode()


def test_staff_suspend_a_reseller_with_the_licenses(staff, bob, customer):
    license = LicenseFactory.create(user=customer)

    staff.post(
        reverse("admin:licensing_reseller_changelist"),
        {
            "action": "suspend",
            "_selected_action": str(bob.pk),
            "confirmed": "1",
            "reason": "unpaid",
            "with_licenses": "on",
        },
    )

    bob.refresh_from_db()
    license.refresh_from_db()
    assert not bob.is_active
    assert license.status == LicenseStatus.SUSPENDED


def test_staff_replace_a_leaked_key_with_a_reason(staff, customer):
    license = LicenseFactory.create(user=customer)

    confirm(staff, license, "rotate_key", reason="It was in a forum")

    event = LicenseEvent.objects.get()
    old = license.license_key
    license.refresh_from_db()
    assert license.license_key != old
    assert (event.type, event.reason) == ("key_rotated", "It was in a forum")


def test_staff_see_a_key_after_they_proved_who_they_are_and_said_why(customer):
    key = generate_key()
    license = LicenseFactory.create(user=customer, key=key)
    staff = signed_in(AdminFactory.create())
    url = reverse("admin:licensing_license_key", args=[license.pk])

    asked = staff.get(url)
    proven = staff.post(asked["Location"], {"password": PASSWORD, "next": url})
    unexplained = staff.post(url, {"reason": ""}).content.decode()
    shown = staff.post(url, {"reason": "Lost their mail"}).content.decode()

    assert proven["Location"] == url
    assert key not in unexplained
    assert key in shown
    event = LicenseEvent.objects.get()
    assert (event.type, event.reason) == ("key_revealed", "Lost their mail")


def test_resellers_are_not_shown_keys(seller, customer):
    license = LicenseFactory.create(user=customer)
    url = reverse("admin:licensing_license_key", args=[license.pk])

    assert seller.get(url).status_code == seller.post(url).status_code == 403


def test_an_export_is_recorded(staff, customer):
    license = LicenseFactory.create(user=customer)

    act(staff, license, "export")

    event = AuthEvent.objects.get(type=AuthEventType.EXPORTED)
    assert event.detail == {"file": "licenses.csv", "rows": 1}


@pytest.mark.parametrize("action", ["suspend", "reinstate"])
def test_an_action_stands_in_the_log_of_the_back_office(staff, customer, action):
    license = LicenseFactory.create(user=customer)
    for each in ("suspend", action):
        held = [str(hold.pk) for hold in LicenseHold.objects.all()]
        confirm(staff, license, each, reason="They asked", holds=held)

    entry = LogEntry.objects.order_by("-pk").first()

    assert entry is not None
    assert entry.object_id == str(license.pk)
    assert entry.change_message == f"{action.capitalize()}: They asked"


def test_a_file_of_many_licenses_takes_no_more_memory_than_its_beginning(
    staff, customer
):
    most = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 12_000
    one = LicenseFactory.create(user=customer)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO licenses (id, user_id, license_key, key_tail, license_type,"
            " max_accounts) SELECT gen_random_uuid(), %s, 'k1.' || n, 'AA', 'PRO', 1"
            " FROM generate_series(2, %s) n",
            [customer.pk, most],
        )
    answer = act(staff, one, "export", select_across="1")
    lines = answer.streaming_content

    tracemalloc.start()
    peaks = []
    for size in (4000, most + 1 - 4000):
        tracemalloc.reset_peak()
        count = sum(1 for _ in islice(lines, size))
        peaks.append(tracemalloc.get_traced_memory()[1])
        assert count == size
    tracemalloc.stop()

    assert next(lines, None) is None
    assert peaks[1] < peaks[0] + 1_000_000
