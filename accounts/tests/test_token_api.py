"""POST auth/token: who gets one, and what everybody else is told."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import MD5PasswordHasher

from accounts import attempts
from accounts.models import AuthEvent, User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.tokens import bearing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]
SECRET = "JBSWY3DPEHPK3PXP"
FAILED = {
    "title": "The e-mail address or the password is wrong",
    "status": 401,
    "code": "SIGN_IN_FAILED",
}


class CountingHasher(MD5PasswordHasher):
    """Counts the hashes that are made."""

    made = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.made += 1
        return super().encode(password, salt)


@pytest.fixture
def hashes(settings: Any) -> Callable[[], int]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.made = 0
    return lambda: CountingHasher.made


def ask(client, email="alice@example.com", password=PASSWORD, **fields):
    return client.post(
        "/api/v1/auth/token",
        {"email": email, "password": password, **fields},
        content_type="application/json",
    )


def code_of(response):
    return response.status_code, response.json()["code"]


def events() -> list[tuple[str, str, dict[str, Any]]]:
    return list(AuthEvent.objects.order_by("id").values_list("type", "email", "detail"))


@pytest.fixture
def current_code(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a code that stays good however long the test takes."""
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter([7]))
    return str(totp.format_hotp_value(totp.hotp_value(SECRET, 7)))


def test_the_right_password_gets_a_token(client, alice):
    response = ask(client)

    headers = bearing(response.json()["token"])
    me = client.get("/api/v1/me", headers=headers).json()
    assert (response.status_code, me["email"]) == (200, "alice@example.com")
    assert response["Cache-Control"] == "no-store"


def test_a_token_is_recorded_with_its_id_alone(client, alice):
    client.post(
        "/api/v1/auth/token",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
        headers={"User-Agent": "a\tclient"},
    )

    event = AuthEvent.objects.get()
    assert (event.type, event.user_id, event.actor_id) == (
        "token_issued",
        alice.pk,
        alice.pk,
    )
    assert (event.ip, event.user_agent) == ("127.0.0.1", "aclient")
    assert list(event.detail) == ["token"]
    assert User.objects.get().last_login == event.at


@pytest.mark.parametrize(
    "email",
    [
        "ALICE@EXAMPLE.COM",
        " alice@example.com ",
        "\N{FULLWIDTH LATIN SMALL LETTER A}lice@example.com",
    ],
)
def test_an_address_is_known_in_each_spelling(client, alice, email):
    assert ask(client, email).status_code == 200


def test_unknown_inactive_and_wrong_are_told_the_same_at_the_same_cost(
    client, hashes, count_statements
):
    UserFactory.create(email="right@example.com")
    UserFactory.create(email="inactive@example.com", is_active=False)
    UserFactory.create(email="both@example.com", is_active=False, email_verified=False)
    told, costs = [], []

    for email, password in [
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("inactive@example.com", PASSWORD),
        ("both@example.com", PASSWORD),
        ("right@example.com", "a wrong password"),
        ("inactive@example.com", "a wrong password"),
    ]:
        CountingHasher.made = 0
        with count_statements() as asked:
            response = ask(client, email, password)
        problem = response.json()
        del problem["request_id"]
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("X-Request-Id", "X-RateLimit-Remaining")
        }
        told.append((problem, headers))
        costs.append((hashes(), len(asked)))

    assert costs == [(1, 2)] * 6
    assert told == [told[0]] * 6
    assert told[0][0].items() >= FAILED.items()


def test_a_failed_sign_in_is_recorded_also_of_nobody(client, alice):
    ask(client, "Nobody@Example.com")
    ask(client, password="wrong")

    assert events() == [
        ("sign_in_failed", "nobody@example.com", {}),
        ("sign_in_failed", "alice@example.com", {}),
    ]


def test_an_unverified_address_is_told_only_to_who_knows_the_password(client):
    UserFactory.create(email="alice@example.com", email_verified=False)

    assert code_of(ask(client, password="wrong")) == (401, "SIGN_IN_FAILED")
    assert code_of(ask(client)) == (403, "EMAIL_UNVERIFIED")
    assert events()[1] == (
        "token_refused",
        "alice@example.com",
        {"code": "EMAIL_UNVERIFIED"},
    )


def test_a_second_factor_is_asked_for_and_taken_once(client, alice, current_code):
    totp.TOTP.activate(alice, SECRET)
    code = current_code

    assert code_of(ask(client)) == (403, "TOTP_REQUIRED")
    assert code_of(ask(client, code="000000x")) == (401, "TOTP_WRONG")
    assert code_of(ask(client, password="wrong", code=code)) == (401, "SIGN_IN_FAILED")
    assert ask(client, code=code).status_code == 200
    assert code_of(ask(client, code=code)) == (401, "TOTP_WRONG")


def test_the_staff_need_a_second_factor_where_it_is_their_duty(
    client, bob, settings, current_code
):
    settings.STAFF_TOTP_REQUIRED = True
    totp_missing = ask(client, bob.email)
    totp.TOTP.activate(bob, SECRET)

    assert code_of(totp_missing) == (403, "TOTP_NOT_SET_UP")
    assert ask(client, bob.email, code=current_code).status_code == 200


def test_the_right_password_does_not_buy_more_tries_of_a_code(
    client, alice, settings, current_code
):
    settings.SIGN_INS_PER_IP = 100
    totp.TOTP.activate(alice, SECRET)

    for number in range(5):
        ask(client, code=f"guess{number}")
        attempts.forgive_account(alice.email)  # as the page's first step does
    refused = ask(client, code=current_code)

    assert code_of(refused) == (429, "RATE_LIMITED")


def test_who_signs_in_may_do_so_again_and_again(client, alice, settings):
    settings.SIGN_INS_PER_IP = 100

    assert [ask(client).status_code for _ in range(7)] == [200] * 7


def test_a_recovery_code_is_taken_once(client, alice):
    totp.TOTP.activate(alice, SECRET)
    code = RecoveryCodes.activate(alice).get_unused_codes()[0]

    assert ask(client, code=code).status_code == 200
    assert code_of(ask(client, code=code)) == (401, "TOTP_WRONG")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("x" * 73, 401),
        ("x" * 128, 401),
        ("x" * 129, 400),
        ("x" * 10**6, 400),
        ("", 400),
        ("nul \0 nul!!!", 400),
        (7, 400),
    ],
)
def test_odd_passwords_are_refused_unhashed_when_they_can_be_nobodys(
    client, alice, hashes, password, expected
):
    response = ask(client, password=password)

    assert (response.status_code, hashes()) == (expected, int(expected == 401))


def test_the_last_of_73_letters_counts(client):
    UserFactory.create(email="long@example.com", password="")
    user = User.objects.get()
    user.set_password("x" * 73)
    user.save()

    assert ask(client, user.email, "x" * 72).status_code == 401
    assert ask(client, user.email, "x" * 73).status_code == 200


def test_an_address_tries_ten_times_a_minute_and_nothing_is_hashed_beyond(
    client, alice, hashes
):
    for number in range(10):
        ask(client, f"nobody{number}@example.com")
    made = hashes()

    refused = ask(client)
    elsewhere = client.post(
        "/api/v1/auth/token",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
        REMOTE_ADDR="198.51.100.7",
    )

    assert code_of(refused) == (429, "RATE_LIMITED")
    assert refused["Retry-After"].isdigit()
    assert refused["X-RateLimit-Remaining"] == "0"
    assert (made, elsewhere.status_code) == (10, 200)


def test_an_account_is_tried_five_times_from_everywhere_in_each_spelling(
    client, alice, charlie, hashes
):
    for number, email in enumerate(["alice@example.com", "ALICE@example.com"] * 3):
        last = client.post(
            "/api/v1/auth/token",
            {"email": email, "password": "wrong"},
            content_type="application/json",
            REMOTE_ADDR=f"198.51.100.{number}",
        )

    assert code_of(last) == (429, "RATE_LIMITED")
    assert last["Retry-After"].isdigit()
    assert hashes() == 5
    assert ask(client, charlie.email).status_code == 200


def test_a_wrong_header_does_not_matter_to_who_asks_for_a_token(client, alice):
    response = client.post(
        "/api/v1/auth/token",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
        headers=bearing("rubbish"),
    )

    assert response.status_code == 200


class ChangesMeanwhile(MD5PasswordHasher):
    """Somebody else changes the password while it is checked."""

    def verify(self, password: str, encoded: str) -> bool:
        User.objects.update(password="another")
        return super().verify(password, encoded)


def test_a_password_change_during_the_sign_in_leaves_the_token_dead(
    client, alice, settings
):
    settings.PASSWORD_HASHERS = [f"{__name__}.ChangesMeanwhile"]
    token = ask(client).json()["token"]

    response = client.get("/api/v1/me", headers=bearing(token))

    assert code_of(response) == (401, "TOKEN_INVALID")
