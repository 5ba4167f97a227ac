"""What an action was asked for is what it acts on, whatever the list is filtered by."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import AdminFactory, UserFactory
from licensing.models import LicenseHold, LicenseStatus
from licensing.tests.factories import LicenseFactory

pytestmark = pytest.mark.django_db

ACTIVE = reverse("admin:licensing_license_changelist") + "?status__exact=active"


@pytest.fixture
def staff():
    client = Client()
    client.force_login(AdminFactory.create())
    return client


def suspend(client, licenses, **told):
    sent = {
        "action": "suspend",
        "_selected_action": [str(each.pk) for each in licenses],
        "reason": "They asked",
        **told,
    }
    return client.post(ACTIVE, sent)


def test_a_row_that_left_the_filter_is_not_dropped_but_refused(staff):
    both = LicenseFactory.create_batch(2)
    suspend(staff, both[:1], confirmed="1")

    answer = suspend(staff, both, confirmed="1")

    assert "suspended the license already" in answer.content.decode()
    assert LicenseHold.objects.count() == 1
    assert LogEntry.objects.count() == 1


def test_a_second_confirmation_does_not_say_done(staff):
    both = LicenseFactory.create_batch(2)
    suspend(staff, both, confirmed="1")

    again = suspend(staff, both, confirmed="1")

    assert again.status_code == 200
    assert "suspended the license already" in again.content.decode()


def test_the_page_that_asks_names_each_chosen_row(staff):
    both = LicenseFactory.create_batch(2)
    both[0].status = LicenseStatus.EXPIRED
    both[0].save()

    page = suspend(staff, both)

    assert set(page.context["rows"]) == set(both)


def test_all_that_a_filter_keeps_is_still_all_of_it(staff):
    LicenseFactory.create_batch(2)
    other = LicenseFactory.create(status=LicenseStatus.EXPIRED)

    page = suspend(staff, [other], select_across="1")

    assert other not in page.context["rows"]
    assert len(page.context["rows"]) == 2


def test_nothing_is_done_to_no_row(staff):
    other = LicenseFactory.create(status=LicenseStatus.EXPIRED)

    answer = suspend(staff, [other], select_across="1", confirmed="1")

    told = [str(each) for each in staff.get(answer["Location"]).context["messages"]]
    assert told == ["There is no such row any more."]


def test_a_chosen_user_who_left_the_filter_is_deleted_too(staff):
    people = UserFactory.create_batch(2)
    User.objects.filter(pk=people[0].pk).update(is_active=False)
    chosen = [str(each.pk) for each in people]
    url = reverse("admin:accounts_user_changelist") + "?is_active__exact=1"

    staff.post(
        url, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    )

    assert not User.objects.filter(pk__in=chosen).exists()


def test_chosen_rows_are_asked_for_as_often_for_three(staff, count_statements):
    asked = []
    for number in (1, 3):
        chosen = LicenseFactory.create_batch(number)
        with count_statements() as statements:
            suspend(staff, chosen)
        asked.append(len(statements))

    assert asked[0] == asked[1]
