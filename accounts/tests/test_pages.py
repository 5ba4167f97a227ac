"""People's own pages, as the server answers them."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import AuthEvent, User
from accounts.services import emails
from accounts.tests.factories import PASSWORD
from notifications.models import Delivery

pytestmark = pytest.mark.django_db


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(
        reverse("account_login"), {"login": email, "password": password, **more}
    )


def sign_up(client, email="nina@example.com", password=PASSWORD):
    return client.post(
        reverse("account_signup"),
        {"email": email, "password1": password, "password2": password},
    )


def events_of(email):
    rows = AuthEvent.objects.filter(email=email).order_by("at", "id")
    return [event.type for event in rows]


def code_for(email):
    text = Delivery.objects.filter(recipient=email).latest("created_at").text
    return re.search(r"^ {4}(\S+)$", text, re.MULTILINE)[1]


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- Signing in -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "spelling", ["ALICE@Example.com", "Alice@EXAMPLE.COM", " alice@example.com "]
)
def test_an_address_signs_in_in_any_spelling(client, alice, spelling):
    response = sign_in(client, spelling)

    assert (response.status_code, response.url) == (302, reverse("overview"))
    assert events_of(alice.email) == ["signed_in"]


def visible(response):
    """Return an answer without what differs in each: tokens, and the echoed address."""
    page = response.content.decode()
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    page = re.sub(r'"X-CSRFToken": "\w+"', "", page)
    return response.status_code, re.sub(r'value="[^"]*@[^"]*"', "", page)


def test_unknown_inactive_and_wrong_are_answered_the_same(alice, charlie):
    User.objects.filter(pk=charlie.pk).update(is_active=False)

    answers = {
        visible(sign_in(Client(), "nobody@example.com")),
        visible(sign_in(Client(), charlie.email)),
        visible(sign_in(Client(), alice.email, "not the password")),
    }

    assert len(answers) == 1
    assert events_of(charlie.email) == ["sign_in_failed"]


@pytest.mark.parametrize(
    "password",
    [
        "x" * 73,
        "x" * 128,
        "x" * 129,
        "x" * 10**6,
        "\N{KELVIN SIGN}" * 20,
        "a\u202eb\ud7ff",
    ],
)
def test_odd_passwords_are_wrong_passwords(client, alice, password):
    assert sign_in(client, alice.email, password).status_code == 200
    assert events_of(alice.email) == ["sign_in_failed"]


@pytest.mark.parametrize("login", ["alice@example.com\0", "a" * 10_000, "\0", "<b>@x"])
def test_odd_addresses_are_refused_by_the_form(client, login):
    assert sign_in(client, login).status_code == 200


@pytest.mark.parametrize("length", [73, 128])
def test_a_long_password_is_whole(client, alice, length):
    alice.set_password("x" * length)
    alice.save()

    wrong = sign_in(client, alice.email, "x" * (length - 1) + "y")
    right = sign_in(client, alice.email, "x" * length)

    assert (wrong.status_code, right.status_code) == (200, 302)


def test_an_accounts_tries_end_before_a_hash_and_say_for_how_long(
    client, alice, charlie, one_window, monkeypatch
):
    for _ in range(5):
        sign_in(client, alice.email, "wrong")
    hashed = []
    monkeypatch.setattr(User, "check_password", lambda *_: hashed.append(True) or False)

    refused = sign_in(client, "ALICE@example.com")

    assert (refused.status_code, hashed) == (429, [])
    assert 1 <= int(refused["Retry-After"]) <= 301
    assert sign_in(client, charlie.email).status_code == 200


def test_an_addresss_tries_end_for_every_account(client, one_window, settings):
    settings.SIGN_INS_PER_IP = 3

    statuses = [sign_in(client, f"user{n}@example.com").status_code for n in range(4)]

    assert statuses == [200, 200, 200, 429]


def test_a_success_begins_the_accounts_count_anew(client, alice, one_window):
    for _ in range(4):
        sign_in(client, alice.email, "wrong")
    sign_in(client, alice.email)
    client.logout()

    assert sign_in(client, alice.email, "wrong").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "\thttps://evil.example",
    ],
)
def test_a_sign_in_leads_nowhere_else(client, alice, target):
    response = sign_in(client, alice.email, next=target)

    assert response.url == reverse("overview")


def test_a_sign_in_leads_back_to_where_one_was(client, alice):
    assert sign_in(client, alice.email, next="/trades/?page=2").url == "/trades/?page=2"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example/"])
def test_a_sign_out_leads_nowhere_else(client, alice, target):
    client.force_login(alice)

    response = client.post(reverse("account_logout"), {"next": target})

    assert response.url == reverse("account_login")
    assert events_of(alice.email) == ["signed_out"]


def test_the_session_is_kept_only_when_asked_for(client, alice):
    sign_in(client, alice.email)
    assert client.session.get_expire_at_browser_close()
    client.logout()

    sign_in(client, alice.email, remember="on")
    assert not client.session.get_expire_at_browser_close()


# --- Signing up, and resetting --------------------------------------------------------
def test_a_sign_up_is_verified_by_its_code(client):
    sign_up(client, "Nina@Example.com")
    nina = User.objects.get(email="nina@example.com")
    assert not nina.email_verified

    response = client.post(
        reverse("account_email_verification_sent"), {"code": code_for(nina.email)}
    )

    nina.refresh_from_db()
    assert (response.url, nina.email_verified) == (reverse("overview"), True)
    assert events_of(nina.email) == ["registered", "email_verified", "signed_in"]


def test_a_known_address_is_answered_as_a_new_one(alice, monkeypatch):
    emails.know_address(user=alice)
    new, known = Client(), Client()

    answers = [sign_up(new, "new@example.com"), sign_up(known, alice.email)]
    pages = [
        visible(browser.get(reverse("account_email_verification_sent")))
        for browser in (new, known)
    ]

    assert [(each.status_code, each.url) for each in answers] == [
        (302, reverse("account_email_verification_sent"))
    ] * 2
    assert pages[0][1].replace("new@example.com", "") == pages[1][1].replace(
        alice.email, ""
    )
    assert User.objects.filter(email=alice.email).count() == 1
    subjects = Delivery.objects.order_by("created_at").values_list("subject", flat=True)
    assert list(subjects) == ["Your code", "You have an account already"]


def test_what_a_failing_sign_up_wrote_is_gone_with_its_mail(client, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr("accounts.receivers.events.record_event", fail)

    with pytest.raises(RuntimeError):
        sign_up(client)

    assert not User.objects.exists()
    assert not Delivery.objects.exists()


def test_a_reset_tells_nobody_who_has_an_account(alice):
    emails.know_address(user=alice)

    answers = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in (alice.email, "nobody@example.com")
    ]

    assert [(each.status_code, each.url) for each in answers] == [
        (302, reverse("account_reset_password_done"))
    ] * 2


def test_links_in_mails_come_from_our_address_not_from_the_host_header(
    client, alice, settings
):
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://trader.example.com"
    emails.know_address(user=alice)

    for email in (alice.email, "nobody@example.com"):
        client.post(
            reverse("account_reset_password"),
            {"email": email},
            headers={"Host": "evil.example"},
        )
    sign_up(client, alice.email)

    texts = list(Delivery.objects.values_list("text", flat=True))
    links = [link for text in texts for link in re.findall(r"https?://\S+", text)]
    assert len(texts) == 3
    assert {link.split("/")[2] for link in links} == {"trader.example.com"}


def test_sign_in_codes_are_urgent_and_notices_are_not(client, alice):
    sign_up(client)
    client.force_login(alice)
    emails.know_address(user=alice)
    client.post(
        reverse("account_change_password"),
        {
            "oldpassword": PASSWORD,
            "password1": "a different battery staple",
            "password2": "a different battery staple",
        },
    )

    sent = Delivery.objects.order_by("created_at").values_list("recipient", "is_urgent")
    assert list(sent) == [("nina@example.com", True), (alice.email, False)]


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
