"""The audit of accounts: written once, and forgotten with the person only."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import (
    AuthEvent,
    AuthEventType,
    ExportedFile,
    RevokedToken,
    Role,
    User,
)
from accounts.services import events, passwords, sessions, users
from accounts.services.exports import record_export
from accounts.tasks import delete_old
from accounts.tests.factories import AdminFactory
from accounts.tests.tokens import bearer
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM, Actor, ActorType
from smarttrader.lib.ids import uuid7

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "a new long password"
DETAIL = {"any": "thing"}
FORGOTTEN: tuple[str, None, str, dict[str, str]] = ("", None, "", {})


def record(user=None, now=None, actor_id=None, email=""):
    actor = Actor(ActorType.USER, actor_id, "203.0.113.7", "request", "agent")
    return events.record_event(
        type=AuthEventType.SIGNED_IN,
        actor=actor,
        user=user,
        email=email,
        now=now or clock.now(),
        detail=DETAIL,
    )


def whom(event):
    event.refresh_from_db()
    return event.email, event.ip, event.user_agent, event.detail


@pytest.mark.parametrize(
    "change",
    [{"type": "signed_out"}, {"detail": {"a": 1}}, {"email": "x"}, {"ip": "::1"}],
)
def test_an_event_is_not_changed(alice, change):
    event = record(alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        AuthEvent.objects.filter(pk=event.pk).update(**change)


def test_an_event_is_not_deleted(alice):
    event = record(alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        event.delete()


def test_a_deleted_user_is_forgotten_in_their_events_and_in_tries(alice, charlie):
    own = record(alice, actor_id=alice.pk)
    tried = record(email="alice@example.com")
    done_to_another = record(charlie, actor_id=alice.pk)
    of_another = record(charlie, actor_id=charlie.pk)

    users.delete_user(user=alice, now=clock.now())

    assert whom(own) == whom(tried) == FORGOTTEN
    assert whom(done_to_another) == ("charlie@example.com", None, "", DETAIL)
    assert whom(of_another) == (
        "charlie@example.com",
        "203.0.113.7",
        "agent",
        DETAIL,
    )
    assert own.user_id == AuthEvent.objects.get(type="deleted").user_id


def test_an_event_that_comes_after_the_deletion_names_nobody(alice):
    gone = User.objects.get(pk=alice.pk)
    users.delete_user(user=alice, now=clock.now())

    assert whom(record(gone)) == FORGOTTEN


def test_a_second_deletion_leaves_no_second_event(alice):
    gone = User.objects.get(pk=alice.pk)

    users.delete_user(user=alice, now=clock.now())
    users.delete_user(user=gone, now=clock.now())

    assert AuthEvent.objects.get().email == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda user: users.update_profile(user=user, changes={"first_name": "A"}),
        lambda user: passwords.change_password(
            user=user, password="another", actor=SYSTEM, now=clock.now()
        ),
        lambda user: sessions.end_sessions(user=user, actor=SYSTEM, now=clock.now()),
    ],
)
def test_a_change_that_comes_after_the_deletion_is_refused(alice, change):
    gone = User.objects.get(pk=alice.pk)
    users.delete_user(user=alice, now=clock.now())

    with pytest.raises(users.UserGone):
        change(gone)


def test_events_go_after_a_year_and_revoked_tokens_after_their_end(alice):
    now = clock.now()
    record(alice, now=now - timedelta(days=366))
    kept = record(alice, now=now - timedelta(days=364))
    for days in (-1, 1):
        RevokedToken.objects.create(pk=uuid7(), expires_at=now + timedelta(days=days))

    deleted = delete_old()

    assert deleted == 2
    assert AuthEvent.objects.get() == kept
    assert RevokedToken.objects.get().expires_at > now


def edit(client, user, **changes):
    fields = {
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "time_zone": "UTC",
        "language": "en",
        "role": user.role,
        "is_active": "on",
        "email_verified": "on",
        **changes,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return client.post(reverse("admin:accounts_user_change", args=[user.pk]), given)


@pytest.fixture
def staff(client):
    admin = AdminFactory.create(email="staff@example.com")
    client.force_login(admin)
    return admin


@pytest.mark.parametrize(
    ("changes", "type_", "detail"),
    [
        (
            {"role": Role.RESELLER},
            "role_changed",
            {
                "before": {"role": "user", "is_superuser": False},
                "after": {"role": "reseller", "is_superuser": False},
            },
        ),
        ({"is_active": None}, "deactivated", {}),
    ],
)
def test_the_back_office_ends_tokens_by_changing_access(
    client, staff, alice, changes, type_, detail
):
    headers = bearer(alice)

    edited = edit(client, alice, **changes)

    event = AuthEvent.objects.get()
    assert edited.status_code == 302
    assert (event.type, event.user_id, event.actor_id, event.detail) == (
        type_,
        alice.pk,
        staff.pk,
        detail,
    )
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_the_back_office_ends_tokens_by_setting_a_password(client, staff, alice):
    headers = bearer(alice)
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    new = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    refused = client.post(page, {**new, "password2": "x", "usable_password": "true"})
    changed = client.post(page, {**new, "usable_password": "true"})

    event = AuthEvent.objects.get()
    assert (refused.status_code, changed.status_code) == (200, 302)
    assert (event.type, event.user_id, event.actor_id) == (
        "password_changed",
        alice.pk,
        staff.pk,
    )
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_the_back_office_ends_nothing_by_changing_a_name(client, staff, alice):
    headers = bearer(alice)

    edit(client, alice, first_name="Alicia")

    assert User.objects.get(pk=alice.pk).first_name == "Alicia"
    assert not AuthEvent.objects.exists()
    assert client.get("/api/v1/me", headers=headers).status_code == 200


def test_the_back_office_shows_events_and_changes_none(client, staff, alice):
    event = record(alice)
    page = reverse("admin:accounts_authevent_change", args=[event.pk])

    assert client.get(reverse("admin:accounts_authevent_changelist")).status_code == 200
    assert client.get(page).status_code == 200
    assert client.post(page, {"type": "signed_out"}).status_code == 403


def test_staff_see_and_filter_who_took_how_many_rows_of_what(client):
    staff = AdminFactory.create()
    actor = Actor(ActorType.STAFF, staff.pk)
    for file, rows in ((ExportedFile.SALES, 12), (ExportedFile.KEYS, 1)):
        record_export(file=file, rows=rows, user=staff, actor=actor, now=clock.now())
    record(staff)
    client.force_login(staff)
    url = reverse("admin:accounts_authevent_changelist")

    whole = client.get(url).content.decode()
    sales = client.get(url, {"file": "sales.csv"})

    assert "sales.csv, 12 rows" in whole
    assert "keys.csv, 1 row" in whole
    (found,) = sales.context["cl"].result_list
    assert (found.actor_id, found.detail) == (
        staff.pk,
        {"file": "sales.csv", "rows": 12},
    )
    assert client.get(url, {"file": "other"}).status_code == 400
