"""People's own pages, as the server answers them."""

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from accounts.models import AuthEvent, User
from accounts.services import emails
from accounts.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(
        reverse("account_login"), {"login": email, "password": password, **more}
    )


def events_of(email):
    rows = AuthEvent.objects.filter(email=email).order_by("at", "id")
    return [event.type for event in rows]


def test_an_account_that_is_switched_off_is_told_so_and_led_onward(client):
    page = client.get(reverse("account_inactive")).content.decode()

    assert "This account is switched off" in page
    assert f'href="{reverse("account_login")}"' in page


# --- One's own account ----------------------------------------------------------------
def test_a_profile_is_saved_cleaned(client, alice):
    client.force_login(alice)
    told_profile = {
        "first_name": "<b>Al</b>\u202eice",
        "last_name": "",
        "time_zone": "Europe/Berlin",
        "language": "en",
    }

    response = client.post(reverse("settings"), told_profile)

    alice.refresh_from_db()
    assert response.url == reverse("settings")
    assert (alice.first_name, alice.last_name, alice.time_zone) == (
        "Alice",
        "",
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("language", "tlh"),
        ("first_name", "x" * 101),
        ("last_name", "&" + "amp;" * 20 + "lt;b"),
    ],
)
def test_what_a_profile_cannot_hold_is_told_by_its_field(client, alice, field, value):
    client.force_login(alice)
    profile = {"time_zone": "UTC", "language": "en", field: value}

    response = client.post(reverse("settings"), profile)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]


def test_a_profile_sets_nothing_else(client, alice):
    client.force_login(alice)

    client.post(
        reverse("settings"),
        {
            "time_zone": "UTC",
            "language": "en",
            "role": "admin",
            "email": "x@example.com",
            "is_superuser": "on",
        },
    )

    fresh = User.objects.get(pk=alice.pk)
    assert (fresh.role, fresh.email, fresh.is_superuser) == (
        alice.role,
        alice.email,
        False,
    )


def test_an_old_spelling_of_a_zone_survives_saving(client, alice):
    User.objects.filter(pk=alice.pk).update(time_zone="Japan")
    client.force_login(alice)

    client.post(reverse("settings"), {"time_zone": "Japan", "language": "en"})

    alice.refresh_from_db()
    assert alice.time_zone == "Japan"


def test_one_session_is_ended_and_a_strangers_is_not(alice, charlie):
    here, there, strange = Client(), Client(), Client()
    for browser, user in ((here, alice), (there, alice), (strange, charlie)):
        sign_in(browser, user.email)
    theirs = UserSession.objects.get(session_key=there.session.session_key)
    foreign = UserSession.objects.get(user=charlie)

    ended = here.post(reverse("session_end", args=[theirs.pk]))
    refused = here.post(reverse("session_end", args=[foreign.pk]))

    assert (ended.status_code, refused.status_code) == (302, 404)
    statuses = [
        browser.get(reverse("settings")).status_code
        for browser in (here, there, strange)
    ]
    assert statuses == [200, 302, 200]


def test_an_impossible_session_is_missing(client, alice):
    client.force_login(alice)

    assert client.post(f"/settings/sessions/{10**30}/end/").status_code == 404


def test_all_other_sessions_are_ended(alice):
    here, there = Client(), Client()
    sign_in(here, alice.email)
    sign_in(there, alice.email)

    here.post(reverse("usersessions_list"))

    statuses = [each.get(reverse("settings")).status_code for each in (here, there)]
    assert statuses == [200, 302]
    assert events_of(alice.email) == ["signed_in", "signed_in", "signed_out"]


def test_everything_but_this_session_is_ended(alice):
    here, there = Client(), Client()
    sign_in(here, alice.email)
    sign_in(there, alice.email)

    here.post(reverse("settings_sign_out"))

    statuses = [each.get(reverse("settings")).status_code for each in (here, there)]
    assert statuses == [200, 302]


def test_deleting_an_account_wants_its_password(client, alice):
    client.force_login(alice)

    wrong = client.post(reverse("settings_delete"), {"password": "wrong"})
    assert (wrong.status_code, User.objects.filter(pk=alice.pk).exists()) == (400, True)
    right = client.post(reverse("settings_delete"), {"password": PASSWORD})

    assert (right.status_code, User.objects.filter(pk=alice.pk).exists()) == (
        302,
        False,
    )
    assert client.get(reverse("settings")).status_code == 302


@pytest.mark.parametrize(
    "name", ["settings", "settings_delete", "settings_sign_out", "usersessions_list"]
)
def test_a_visitor_is_led_to_the_sign_in(client, name):
    response = client.post(reverse(name))

    assert response.url.startswith(reverse("account_login"))


# --- Addresses in step ----------------------------------------------------------------
def address_of(user):
    rows = EmailAddress.objects.filter(user=user)
    return list(rows.values_list("email", "verified", "primary"))


@pytest.mark.parametrize("is_verified", [True, False])
def test_an_address_that_the_back_office_sets_is_allauths_too(
    admin_client, alice, is_verified
):
    emails.know_address(user=alice)
    form = {
        "email": "New@Example.com",
        "role": "user",
        "is_active": "on",
        "time_zone": "UTC",
        "language": "en",
    }
    if is_verified:
        form["email_verified"] = "on"

    response = admin_client.post(
        reverse("admin:accounts_user_change", args=[alice.pk]), form
    )

    assert response.status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.email_verified) == ("new@example.com", is_verified)
    assert address_of(alice) == [("new@example.com", is_verified, True)]


def test_a_user_without_a_row_at_allauth_signs_in_as_vouched_for(client, alice):
    sign_in(client, alice.email)

    assert address_of(alice) == [("alice@example.com", True, True)]


def test_an_unverified_user_without_a_row_has_to_enter_a_code(client, alice):
    User.objects.filter(pk=alice.pk).update(email_verified=False)

    response = sign_in(client, alice.email)

    assert response.url == reverse("account_email_verification_sent")


# --- The staff ------------------------------------------------------------------------
def test_staff_get_nowhere_without_a_second_factor(client, bob, settings):
    settings.STAFF_TOTP_REQUIRED = True
    client.force_login(bob)

    for name in ("overview", "settings", "admin:index", "mfa_index"):
        response = client.get(reverse(name))
        assert (name, response.status_code, response.url) == (
            name,
            302,
            reverse("mfa_activate_totp"),
        )


def test_staff_without_a_verified_address_are_not_sent_in_circles(
    client, bob, settings
):
    settings.STAFF_TOTP_REQUIRED = True
    User.objects.filter(pk=bob.pk).update(email_verified=False)
    emails.know_address(user=User.objects.get(pk=bob.pk))
    client.force_login(bob)

    response = client.get(reverse("overview"), follow=True)

    assert response.status_code == 200
    assert response.redirect_chain[-1][0] == reverse("mfa_index")


def test_users_and_a_laptops_staff_need_none(client, alice, bob, settings):
    settings.STAFF_TOTP_REQUIRED = True
    client.force_login(alice)
    assert client.get(reverse("settings")).status_code == 200

    settings.STAFF_TOTP_REQUIRED = False
    client.force_login(bob)
    assert client.get(reverse("settings")).status_code == 200


def test_a_part_that_htmx_asks_for_leads_the_whole_page_to_enrolment(
    client, bob, settings
):
    settings.STAFF_TOTP_REQUIRED = True
    client.force_login(bob)

    response = client.get(reverse("overview"), headers={"HX-Request": "true"})

    assert response.status_code == 204
    assert response["HX-Redirect"].startswith(reverse("mfa_activate_totp"))


def test_the_back_office_is_entered_by_the_same_door(client):
    response = client.get(reverse("admin:index"), follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert client.post(reverse("admin:login"), {"username": "a"}).status_code == 302


def test_a_stranger_chooses_a_language(client):
    chosen = client.post(
        reverse("set_language"), {"language": "de", "next": "/accounts/login/"}
    )

    page = client.get(chosen["Location"]).content.decode()
    assert chosen["Location"] == "/accounts/login/"
    assert '<html lang="de"' in page
    assert "Angemeldet bleiben" in page


def test_the_choice_of_a_language_leads_nowhere_else(client):
    chosen = client.post(
        reverse("set_language"), {"language": "de", "next": "https://evil.example/"}
    )

    assert chosen["Location"] == "/"


def test_the_pages_speak_the_language_that_was_chosen(client, alice):
    client.force_login(alice)

    client.post(reverse("settings"), {"time_zone": "UTC", "language": "de"})

    page = client.get(reverse("settings")).content.decode()
    assert '<html lang="de"' in page
    assert "Ihre Einstellungen sind gespeichert." in page
