"""Staff extend a license from the end that they read, once for a form."""

import json
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from accounts.tests.threads import all_at_once
from licensing.models import License, LicenseEvent
from licensing.services import terms
from licensing.tests.factories import LicenseFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType

LIST = reverse("admin:licensing_license_changelist")
DAY = timedelta(days=1)


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(AdminFactory.create())
    return client


def asked(client, *licenses):
    """Return what the page that asks sends, filled in."""
    named = {
        "action": "extend",
        "_selected_action": [str(each.pk) for each in licenses],
    }
    ends = client.post(LIST, named).context["form"]["ends"].value()
    return {**named, "ends": ends, "days": "30", "reason": "x", "confirmed": "1"}


def told(client, answer):
    page = client.get(answer["Location"])
    return [str(message) for message in page.context["messages"]]


def days_added(license, ends):
    return (License.objects.get(pk=license.pk).expires_at - ends) // DAY


@pytest.mark.django_db
@pytest.mark.parametrize("days", [10, -100])
def test_a_form_sent_twice_extends_once(staff, days):
    now = clock.now()
    ends = now + days * DAY
    license = LicenseFactory.create(expires_at=ends)
    sent = asked(staff, license)

    said = told(staff, staff.post(LIST, sent))
    again = told(staff, staff.post(LIST, sent))

    assert (said, again) == (["Extend: 1 done."], ["This was done already."])
    assert days_added(license, max(now, ends)) == 30
    assert LicenseEvent.objects.count() == LogEntry.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"days": "31"}, {"reason": "y"}])
def test_other_values_from_an_end_that_moved_are_refused(staff, other):
    license = LicenseFactory.create(expires_at=clock.now() + DAY)
    sent = asked(staff, license)
    staff.post(LIST, sent)

    answer = staff.post(LIST, {**sent, **other})

    assert "moved meanwhile" in answer.content.decode()
    assert days_added(license, license.expires_at) == 30


@pytest.mark.django_db
def test_one_end_that_moved_leaves_all_as_they_were(staff):
    both = LicenseFactory.create_batch(2, expires_at=clock.now() + DAY)
    sent = asked(staff, *both)
    License.objects.filter(pk=both[1].pk).update(expires_at=clock.now() + 9 * DAY)

    answer = staff.post(LIST, sent)

    assert "moved meanwhile" in answer.content.decode()
    assert days_added(both[0], both[0].expires_at) == 0
    assert not LicenseEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end", [None, 1, [], "x", "2026-01-01", "0001-01-01", "9999-12-31T23:59Z"]
)
def test_an_end_that_nobody_was_shown_is_refused(staff, end):
    license = LicenseFactory.create(expires_at=clock.now() + DAY)
    sent = asked(staff, license)
    staff.post(LIST, sent)

    answer = staff.post(LIST, {**sent, "ends": json.dumps({str(license.pk): end})})

    assert "open the page anew" in answer.content.decode()
    assert LicenseEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("ends", ["{}", "[]", '{"x": 1}'])
def test_a_form_that_tells_no_ends_is_refused(staff, ends):
    license = LicenseFactory.create(expires_at=clock.now() + DAY)

    answer = staff.post(LIST, {**asked(staff, license), "ends": ends})

    assert "open the page anew" in answer.content.decode()
    assert not LicenseEvent.objects.exists()


@pytest.mark.django_db
def test_another_member_who_read_the_same_end_is_told_that_it_moved(staff):
    license = LicenseFactory.create(expires_at=clock.now() + DAY)
    sent = asked(staff, license)
    staff.post(LIST, sent)
    other = Client()
    other.force_login(AdminFactory.create())

    answer = other.post(LIST, sent)

    assert "moved meanwhile" in answer.content.decode()


@pytest.mark.django_db
def test_a_license_without_an_end_is_refused_as_such(staff):
    license = LicenseFactory.create(expires_at=None)

    answer = staff.post(LIST, asked(staff, license))

    assert "lifetime license has no end" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_extends_once(rounds):
    now = clock.now()
    license = LicenseFactory.create(expires_at=now + DAY)
    member = Actor(ActorType.STAFF, AdminFactory.create().pk)
    for number in range(rounds):
        read = License.objects.get(pk=license.pk)
        send = partial(
            terms.extend_from_end,
            license=read,
            ends_before=read.expires_at,
            days=30,
            actor=member,
            now=now,
        )

        got = all_at_once([send, send])

        assert sorted(got) == [False, True]
        assert days_added(license, now + DAY) == 30 * (number + 1)
