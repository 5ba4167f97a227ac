"""Staff issue licenses in the back office: asked, read over, agreed to, shown once."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import AuthEvent, AuthEventType
from accounts.tests.factories import AdminFactory
from licensing.models import License, LicenseEvent

pytestmark = pytest.mark.django_db

LIST = reverse("admin:licensing_license_changelist")
ISSUE = reverse("admin:licensing_license_issue")
KEY = re.compile(r"SST(?:-[0-9A-Z]{5}){4}-[0-9A-Z]{2}")


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db):
    return signed_in(AdminFactory.create())


def order(**values):
    return {
        "form_key": str(uuid.uuid4()),
        "owner": "alice@example.com",
        "license_type": "PRO",
        "quantity": "2",
        "reason": "They helped at the fair",
        **values,
    }


def text_of(answer):
    return answer.content.decode()


def test_an_order_is_read_over_before_anything_is_issued(staff, alice, bob):
    alice.reseller = bob
    alice.save()

    asked = text_of(staff.post(ISSUE, order()))
    nothing = License.objects.count()
    shown = text_of(staff.post(ISSUE, order(agreed="1")))

    for told in (
        "alice@example.com",
        "bob@example.com",
        "\N{MULTIPLICATION SIGN} Pro",
        "at the fair",
    ):
        assert told in asked
    assert nothing == 0
    assert len(set(KEY.findall(shown))) == License.objects.count() == 2
    event = LicenseEvent.objects.earliest("at")
    assert (event.type, event.reason) == ("issued", "They helped at the fair")
    assert KEY.findall(text_of(staff.get(LIST))) == []


def test_a_double_click_issues_once_and_the_file_holds_the_same_keys(staff, alice):
    sent = order(agreed="1")

    first, second = (text_of(staff.post(ISSUE, sent)) for _ in range(2))
    file = staff.post(ISSUE, {**sent, "download": "1"}).getvalue().decode()

    assert License.objects.count() == len(set(KEY.findall(first))) == 2
    assert set(KEY.findall(first)) == set(KEY.findall(second)) == set(KEY.findall(file))
    event = AuthEvent.objects.get(type=AuthEventType.EXPORTED)
    assert event.detail == {"file": "keys.csv", "rows": 2}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"reason": " "}, "This field is required"),
        ({"owner": "nobody@example.com"}, "Nobody has this address"),
        ({"days": "9", "is_lifetime": "on"}, "without an end"),
        ({"license_type": "TRIAL", "days": "15"}, "14 days"),
    ],
)
def test_what_is_wrong_stands_on_the_form_before_anything_is_agreed_to(
    staff, alice, values, told
):
    page = text_of(staff.post(ISSUE, order(**values)))

    assert told in page
    assert 'name="agreed"' not in page


def test_a_disabled_owner_is_refused(staff, alice):
    alice.is_active = False
    alice.save()

    assert "This account is disabled" in text_of(staff.post(ISSUE, order(agreed="1")))
    assert not License.objects.exists()


def test_nothing_is_issued_by_get(staff, alice):
    staff.get(ISSUE, order(agreed="1"))

    assert not License.objects.exists()


@pytest.mark.parametrize(
    ("group", "status"), [("Support", 200), ("Admin", 200), ("Finance", 403)]
)
def test_who_acts_on_licenses_issues_them(alice, group, status):
    member = AdminFactory.create(is_superuser=False)
    member.groups.add(Group.objects.get(name=group))
    client = signed_in(member)

    assert client.get(ISSUE).status_code == status
    assert client.post(ISSUE, order(agreed="1")).status_code == status
    assert License.objects.exists() == (status == 200)
    assert ("Issue licenses" in text_of(client.get(LIST))) == (status == 200)
