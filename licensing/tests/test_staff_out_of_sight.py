"""A reseller sees what the staff did, but neither who it was nor from where."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse

from accounts.tests.factories import AdminFactory, UserFactory
from licensing.models import License, LicenseEvent, LicenseEventType
from licensing.services import events
from licensing.tests.factories import LicenseFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.ids import uuid7

pytestmark = pytest.mark.django_db
EVENTS = reverse("admin:licensing_licenseevent_changelist")


@pytest.fixture
def license_of_bob_s(bob):
    return LicenseFactory.create(user=UserFactory.create(reseller=bob))


def test_a_history_tells_a_reseller_the_role_of_who_did_it(
    client, bob, license_of_bob_s
):
    support = AdminFactory.create(email="support@example.com", first_name="Sophie")
    for who in (support, bob):
        LogEntry.objects.log_actions(who.pk, [license_of_bob_s], CHANGE, "Suspend")
    url = reverse("admin:licensing_license_history", args=[license_of_bob_s.pk])
    seen = {}

    for who in (bob, support):
        client.force_login(who)
        seen[who] = client.get(url).content.decode()

    assert "support@example.com" not in seen[bob]
    assert "Sophie" not in seen[bob]
    assert "<td>Staff</td>" in seen[bob]
    assert "<td>bob@example.com</td>" in seen[bob]
    assert "<td>support@example.com</td>" in seen[support]


def test_events_tell_a_reseller_no_address_of_the_staff(client, bob, license_of_bob_s):
    staff = AdminFactory.create()
    actors = {
        "203.0.113.1": Actor(ActorType.STAFF, staff.pk, "203.0.113.1"),
        "203.0.113.2": Actor(ActorType.RESELLER, bob.pk, "203.0.113.2"),
        "203.0.113.3": Actor(ActorType.USER, license_of_bob_s.user_id, "203.0.113.3"),
        "203.0.113.4": Actor(ActorType.EA, uuid7(), "203.0.113.4"),
        "203.0.113.5": Actor(ActorType.RESELLER, uuid7(), "203.0.113.5"),
    }
    for actor in actors.values():
        record(license_of_bob_s, actor)

    assert told_addresses(client, bob, actors) == {
        *("203.0.113.2", "203.0.113.3", "203.0.113.4")
    }
    assert told_addresses(client, staff, actors) == set(actors)


def record(license_: License, actor: Actor) -> None:
    events.append_event(
        license=license_, type=LicenseEventType.EXTENDED, actor=actor, now=clock.now()
    )


def told_addresses(client, who, addresses):
    """Return which addresses the list tells; the page of each event tells the same."""
    client.force_login(who)
    listed = client.get(EVENTS).content.decode()
    pages = [
        client.get(reverse("admin:licensing_licenseevent_change", args=[pk]))
        for pk in LicenseEvent.objects.values_list("pk", flat=True)
    ]
    on_pages = "".join(page.content.decode() for page in pages)
    told = {each for each in addresses if each in listed}
    assert told == {each for each in addresses if each in on_pages}
    return told
