"""The caller's own account."""

import json

import pytest
from django.urls import reverse

from accounts.models import AuthEvent, RevokedToken, User
from accounts.tests.factories import PASSWORD
from accounts.tests.tokens import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]
NEW_PASSWORD = "a new long password"


def call(client, method, path, body=None, headers=None):
    return client.generic(
        method,
        f"/api/v1/{path}",
        b"" if body is None else json.dumps(body),
        content_type="" if body is None else "application/json",
        headers=headers,
    )


def status_and_code(response):
    code = response.json()["code"] if response.content else None
    return response.status_code, code


def event_types():
    return list(AuthEvent.objects.order_by("id").values_list("type", flat=True))


def test_the_account_is_shown_to_its_owner(client, alice):
    response = call(client, "GET", "me", headers=bearer(alice))

    assert response.json() == {
        "id": str(alice.pk),
        "email": "alice@example.com",
        "email_verified": True,
        "role": "user",
        "first_name": "Alice",
        "last_name": "Adams",
        "time_zone": "UTC",
        "language": "en",
        "last_login": None,
        "created_at": alice.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_names_and_time_zone_are_theirs_to_set(client, alice, charlie):
    response = call(
        client,
        "PATCH",
        "me",
        {"first_name": " Al<i>ic</i>ia ", "time_zone": "Europe/Berlin"},
        bearer(alice),
    )

    user = User.objects.get(pk=alice.pk)
    assert response.status_code == 200
    assert response.json()["first_name"] == "Alicia"
    assert (user.first_name, user.last_name, user.time_zone) == (
        "Alicia",
        "Adams",
        "Europe/Berlin",
    )
    assert User.objects.get(pk=charlie.pk).first_name == "Charlie"


def test_a_change_of_nothing_is_fine(client, alice):
    assert call(client, "PATCH", "me", {}, bearer(alice)).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "admin"),
        ("is_staff", True),
        ("is_superuser", True),
        ("reseller", "0190163d-8694-739b-aea5-966c26f8ad91"),
        ("email", "mallory@example.com"),
        ("email_verified", True),
        ("id", "0190163d-8694-739b-aea5-966c26f8ad91"),
        ("password", PASSWORD),
        ("session_version", 1),
        ("last_login", "2026-01-31T12:00:00Z"),
        ("first_name", "a" * 101),
        ("first_name", "nul \0"),
        ("first_name", "half \ud800"),
        ("first_name", None),
        ("last_name", 7),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("language", "xx"),
        ("language", ["en"]),
    ],
)
def test_nothing_else_is(client, alice, name, value):
    body = {"last_name": "B", name: value}

    response = call(client, "PATCH", "me", body, bearer(alice))

    assert (response.status_code, list(response.json()["errors"])) == (400, [name])
    assert User.objects.get().last_name == "Adams"


def test_log_out_ends_this_token_alone(client, alice):
    this, other = bearer(alice), bearer(alice)

    assert call(client, "POST", "auth/logout", headers=this).status_code == 204
    assert status_and_code(call(client, "GET", "me", headers=this)) == (
        401,
        "TOKEN_INVALID",
    )
    assert call(client, "GET", "me", headers=other).status_code == 200
    assert RevokedToken.objects.count() == 1
    assert event_types() == ["token_revoked"]


def test_log_out_everywhere_ends_tokens_and_browser_sessions(client, alice, charlie):
    mine, theirs = [bearer(alice), bearer(alice)], bearer(charlie)
    client.force_login(alice)
    page = reverse("overview")
    assert client.get(page).status_code == 200

    done = call(client, "POST", "auth/logout-everywhere", headers=mine[0])

    assert done.status_code == 204
    for headers in mine:
        assert call(client, "GET", "me", headers=headers).status_code == 401
    assert client.get(page).status_code == 302
    assert call(client, "GET", "me", headers=theirs).status_code == 200
    assert event_types() == ["sessions_ended"]


def change_password(client, alice, current=PASSWORD, new=NEW_PASSWORD):
    body = {"current_password": current, "new_password": new}
    return call(client, "POST", "me/password", body, bearer(alice))


def test_a_new_password_ends_what_the_old_one_opened(client, alice):
    before = bearer(alice)
    client.force_login(alice)

    done = change_password(client, alice)

    assert (done.status_code, done.content) == (204, b"")
    assert call(client, "GET", "me", headers=before).status_code == 401
    assert client.get(reverse("overview")).status_code == 302
    assert User.objects.get().check_password(NEW_PASSWORD)
    assert event_types() == ["password_changed"]


def test_a_wrong_password_changes_nothing(client, alice):
    refused = change_password(client, alice, current="wrong")

    assert status_and_code(refused) == (403, "PASSWORD_WRONG")
    assert User.objects.get().check_password(PASSWORD)
    assert event_types() == ["sign_in_failed"]


@pytest.mark.parametrize("new", ["short", "password123456", "x" * 129, "x" * 10**6, 7])
def test_a_new_password_obeys_the_rules(client, alice, new):
    refused = change_password(client, alice, new=new)

    assert (refused.status_code, list(refused.json()["errors"])) == (
        400,
        ["new_password"],
    )
    assert User.objects.get().check_password(PASSWORD)


def test_passwords_are_tried_five_times_whichever_call_asks(client, alice):
    for _ in range(3):
        change_password(client, alice, current="wrong")
    for _ in range(2):
        call(client, "DELETE", "me", {"password": "wrong"}, bearer(alice))

    refused = call(client, "DELETE", "me", {"password": PASSWORD}, bearer(alice))

    assert status_and_code(refused) == (429, "RATE_LIMITED")
    assert User.objects.get().pk == alice.pk


def test_who_deletes_themselves_is_gone_and_forgotten(client, alice, charlie):
    headers = bearer(alice)
    call(client, "POST", "auth/logout", headers=bearer(alice))

    done = call(client, "DELETE", "me", {"password": PASSWORD}, headers)

    assert done.status_code == 204
    assert call(client, "GET", "me", headers=headers).status_code == 401
    assert User.objects.get() == charlie
    remembered = AuthEvent.objects.values_list("type", "email", "ip", "user_agent")
    assert sorted(remembered) == [
        ("deleted", "", None, ""),
        ("token_revoked", "", None, ""),
    ]


@pytest.mark.parametrize("body", [None, {}, {"password": ""}, {"password": None}])
def test_nobody_is_deleted_without_a_password(client, alice, body):
    refused = call(client, "DELETE", "me", body, bearer(alice))

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["password"])
    assert User.objects.get() == alice


def test_a_users_exhausted_limit_does_not_touch_another_user(
    client, alice, charlie, settings
):
    settings.API_CALLS_PER_USER = 2

    told = [call(client, "GET", "me", headers=bearer(alice)) for _ in range(3)]
    others = call(client, "GET", "me", headers=bearer(charlie))

    assert [response.status_code for response in told] == [200, 200, 429]
    assert told[2]["Retry-After"].isdigit()
    assert (others.status_code, others["X-RateLimit-Remaining"]) == (200, "1")


def test_who_has_no_token_uses_up_no_limit_of_a_users(client, alice, settings):
    settings.API_CALLS_PER_USER = 1

    told = [call(client, "GET", "me").status_code for _ in range(3)]

    assert told == [401] * 3
    assert call(client, "GET", "me", headers=bearer(alice)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "me"),
        ("PATCH", "me"),
        ("DELETE", "me"),
        ("POST", "me/password"),
        ("GET", "me/export"),
        ("POST", "auth/logout"),
        ("POST", "auth/logout-everywhere"),
    ],
)
def test_nobody_gets_in_without_a_token(client, alice, method, path):
    assert status_and_code(call(client, method, path)) == (401, "NOT_AUTHENTICATED")
