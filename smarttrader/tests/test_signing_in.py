"""Signing in, signing up and resetting, with the mails of it."""

import re
from functools import partial
from typing import ClassVar

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from accounts.models import AuthEvent, User
from accounts.services import emails
from accounts.signals import mail_wanted
from accounts.tests.factories import PASSWORD
from accounts.tests.threads import all_at_once
from notifications.models import Delivery

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Knows which passwords were hashed."""

    hashed: ClassVar[list[str]] = []

    def encode(self, password, salt):
        self.hashed.append(password)
        return super().encode(password, salt)


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
    return re.findall(r"^ {4}(\S+)$", text, re.MULTILINE)[0]


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
    client, alice, charlie, one_window, settings
):
    for _ in range(5):
        sign_in(client, alice.email, "wrong")
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed.clear()

    refused = sign_in(client, "ALICE@example.com")

    assert (refused.status_code, CountingHasher.hashed) == (429, [])
    assert 1 <= int(refused["Retry-After"]) <= 301
    assert sign_in(client, charlie.email).status_code == 302


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


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_of_one_address_at_once_are_one_account(rounds, settings):
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}
    for number in range(rounds):
        email = f"nina{number}@example.com"
        try_it = partial(sign_up, Client(), email)
        try_again = partial(sign_up, Client(), email)

        answers = all_at_once([try_it, try_again])

        assert [each.status_code for each in answers] == [302, 302]
        assert User.objects.filter(email=email).count() == 1
        mails = Delivery.objects.filter(recipient=email)
        assert sorted(mails.values_list("subject", flat=True)) == [
            "You have an account already",
            "Your code",
        ]


def test_what_a_failing_sign_up_wrote_is_gone_with_its_mail(client):
    def fail(**_arguments):
        raise RuntimeError

    mail_wanted.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            sign_up(client)
    finally:
        mail_wanted.disconnect(fail)

    assert not User.objects.exists()
    assert not Delivery.objects.exists()


def test_a_reset_tells_nobody_who_has_an_account(alice):
    emails.know_address(user=alice)

    answers = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in (alice.email, "nobody@example.com")
    ]

    assert [(each.status_code, each["Location"]) for each in answers] == [
        (302, reverse("account_reset_password_done"))
    ] * 2


def test_a_reset_lets_in_at_once_who_tried_too_often(client, alice, one_window):
    emails.know_address(user=alice)
    for _ in range(6):
        sign_in(client, alice.email, "wrong")
    client.post(reverse("account_reset_password"), {"email": alice.email})
    text = Delivery.objects.get(recipient=alice.email).text
    form = client.get(re.findall(r"http\S+?(/accounts/\S+)", text)[0])
    new_password = "a different battery staple"

    client.post(form.url, {"password1": new_password, "password2": new_password})

    assert sign_in(client, alice.email, new_password).status_code == 302
    assert "password_changed" in events_of(alice.email)


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
