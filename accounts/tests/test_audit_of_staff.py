"""What the back office changes of people is an event, with what it was before."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from accounts.models import AuthEvent, Role, User
from accounts.tests.factories import PASSWORD, AdminFactory, ResellerFactory
from accounts.tests.test_auth_events import edit
from accounts.tests.tokens import bearer

pytestmark = pytest.mark.django_db
EVENTS = reverse("admin:accounts_authevent_changelist")
LOG = reverse("admin:admin_logentry_changelist")


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


def test_groups_are_an_event_and_end_what_was_begun(client, superuser):
    support, finance, admin = (
        Group.objects.get(name=name) for name in ("Support", "Finance", "Admin")
    )
    member = AdminFactory.create(is_superuser=False)
    member.groups.add(support)
    headers = bearer(member)

    edit(client, member, groups=[support.pk, finance.pk, admin.pk])

    event = AuthEvent.objects.get()
    assert (event.type, event.user_id, event.actor_id, event.detail) == (
        "groups_changed",
        member.pk,
        superuser.pk,
        {
            "before": {"groups": ["Support"]},
            "after": {"groups": ["Admin", "Finance", "Support"]},
        },
    )
    shown = client.get(EVENTS).content.decode()
    assert "groups: Support → Admin, Finance, Support" in shown
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_groups_that_go_with_the_role_are_an_event(client, superuser):
    member = AdminFactory.create(is_superuser=False)
    member.groups.add(Group.objects.get(name="Finance"))

    edit(client, member, role=Role.USER)

    assert {event.type: event.detail for event in AuthEvent.objects.all()} == {
        "role_changed": {
            "before": {"role": "admin", "is_superuser": False},
            "after": {"role": "user", "is_superuser": False},
        },
        "groups_changed": {
            "before": {"groups": ["Finance"]},
            "after": {"groups": []},
        },
    }


def test_groups_that_stay_are_none(client, superuser):
    member = AdminFactory.create(is_superuser=False)
    finance = Group.objects.get(name="Finance")
    member.groups.add(finance)
    headers = bearer(member)

    edit(client, member, groups=[finance.pk], first_name="Mia")

    assert not AuthEvent.objects.exists()
    assert client.get("/api/v1/me", headers=headers).status_code == 200


@pytest.mark.parametrize("role", Role.values)
def test_a_new_user_is_an_event(client, superuser, role):
    fields = {"email": "new@example.com", "role": role, "usable_password": "true"}
    passwords = dict.fromkeys(("password1", "password2"), PASSWORD)

    client.post(reverse("admin:accounts_user_add"), {**fields, **passwords})

    event = AuthEvent.objects.get()
    assert (event.type, event.user_id, event.actor_id, event.detail) == (
        "registered",
        User.objects.get(email="new@example.com").pk,
        superuser.pk,
        {"after": {"role": role, "is_superuser": False}},
    )
    assert f"role: {role}" in client.get(EVENTS).content.decode()


def test_a_customer_s_move_is_an_event(client, superuser, alice, bob):
    dana = ResellerFactory.create()
    User.objects.filter(pk=alice.pk).update(reseller=bob)

    edit(client, alice, reseller=dana.pk)

    event = AuthEvent.objects.get()
    assert (event.type, event.user_id, event.actor_id, event.detail) == (
        "reseller_changed",
        alice.pk,
        superuser.pk,
        {"before": {"reseller": str(bob.pk)}, "after": {"reseller": str(dana.pk)}},
    )


def test_the_log_says_what_was_done(client, superuser, alice):
    LogEntry.objects.log_actions(
        superuser.pk, [alice], CHANGE, f"Suspend: {'because ' * 100}"
    )
    edit(client, alice, first_name="Alicia")

    page = client.get(LOG)

    columns = page.context["cl"].list_display
    shown = page.content.decode()
    assert columns[-1] == "message"
    assert "Changed First name." in shown
    assert "Suspend: because because" in shown
    assert "because " * 50 not in shown
    suspended = LogEntry.objects.earliest("action_time")
    whole = client.get(reverse("admin:admin_logentry_change", args=[suspended.pk]))
    assert "because " * 100 in whole.content.decode()
    assert LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User)
    ).count() == len(page.context["cl"].result_list)
