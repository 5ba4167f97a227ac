"""POST auth/register: an account for who is new, and no word about who is not."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher

from accounts.models import AuthEvent, User
from accounts.tests.factories import PASSWORD
from accounts.tests.mails import mails_wanted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]
TAKEN = (202, {"detail": "We have sent you a mail: it says how to go on."})


class CountingHasher(MD5PasswordHasher):
    made = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.made += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def counted(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.made = 0


@pytest.fixture
def mails() -> Iterator[list[dict[str, Any]]]:
    with mails_wanted() as wanted:
        yield wanted


def register(client, email="ada@example.com", password=PASSWORD, **fields):
    response = client.post(
        "/api/v1/auth/register",
        {"email": email, "password": password, **fields},
        content_type="application/json",
    )
    return response.status_code, response.json()


def test_a_new_user_waits_to_be_verified(client, mails):
    told = register(
        client, "Ada@Example.com", first_name="<b>Ada</b>", last_name="Lovelace"
    )

    user, address = User.objects.get(), EmailAddress.objects.get()
    (mail,) = mails
    assert told == TAKEN
    assert (user.email, user.first_name, user.last_name) == (
        "ada@example.com",
        "Ada",
        "Lovelace",
    )
    assert (user.email_verified, user.role, user.is_superuser) == (False, "user", False)
    assert (address.user, address.verified, address.primary) == (user, False, True)
    assert user.check_password(PASSWORD)
    assert (mail["recipient"], mail["subject"], mail["is_urgent"]) == (
        "ada@example.com",
        "Confirm your e-mail address",
        True,
    )
    assert "http://127.0.0.1:8000/accounts/login/" in mail["text"]
    assert [event.type for event in AuthEvent.objects.all()] == ["registered"]


def test_a_link_in_the_mail_follows_no_host_header(client, mails, settings):
    settings.SITE_URL = "https://trader.example.com"

    client.post(
        "/api/v1/auth/register",
        {"email": "ada@example.com", "password": PASSWORD},
        content_type="application/json",
        headers={"Host": "localhost"},
    )

    assert "https://trader.example.com/accounts/login/" in mails[0]["text"]


@pytest.mark.parametrize(
    "email",
    [
        "alice@example.com",
        "ALICE@EXAMPLE.COM",
        " alice@example.com",
        "\N{FULLWIDTH LATIN SMALL LETTER A}lice@example.com",
        "alice@example\N{FULLWIDTH FULL STOP}com",
    ],
)
def test_who_has_an_account_is_told_so_by_mail_alone(client, alice, mails, email):
    CountingHasher.made = 0

    told = register(client, email)

    assert (told, User.objects.count(), CountingHasher.made) == (TAKEN, 1, 1)
    (mail,) = mails
    assert mail["recipient"] == "alice@example.com"
    assert alice.check_password(PASSWORD)


def test_registering_again_changes_no_password(client):
    register(client)

    told = register(client, password="another long password")

    assert told == TAKEN
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    "name",
    [
        "role",
        "is_staff",
        "is_superuser",
        "reseller",
        "email_verified",
        "id",
        "is_active",
    ],
)
def test_nobody_assigns_what_is_not_theirs(client, name):
    status, problem = register(client, **{name: "admin"})

    assert (status, list(problem["errors"])) == (400, [name])
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "status", "hashes"),
    [
        ("x" * 11, 400, 0),
        ("correct horse", 202, 1),
        ("x" * 73, 202, 1),
        ("x" * 128, 202, 1),
        ("x" * 129, 400, 0),
        ("x" * 10**6, 400, 0),
        ("password123456", 400, 0),
        ("nul \0 in a password", 400, 0),
        ("half \ud800 a letter!", 400, 0),
        ("", 400, 0),
        (None, 400, 0),
        (10**15, 400, 0),
        (["x" * 20], 400, 0),
    ],
)
def test_a_password_has_its_length_and_is_not_common(client, password, status, hashes):
    told, problem = register(client, password=password)

    assert (told, CountingHasher.made) == (status, hashes)
    assert list(problem.get("errors", {})) == ([] if status == 202 else ["password"])


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@localhost",
            7,
            None,
        ),
        "\N{CYRILLIC SMALL LETTER A}lice@example.com",
        "alice\N{ZERO WIDTH SPACE}@example.com",
        "alice@ex\N{CYRILLIC SMALL LETTER A}mple.com",
    ],
)
def test_what_is_no_address_is_told(client, email):
    status, problem = register(client, email=email)

    assert (status, list(problem["errors"])) == (400, ["email"])


def test_an_address_is_longer_than_a_column_only_in_vain(client):
    told = [register(client, f"{'a' * length}@example.com")[0] for length in (242, 243)]

    assert told == [202, 400]


def test_an_address_gets_five_mails_in_five_minutes(client, mails, settings):
    settings.SIGN_INS_PER_IP = 100

    told = [register(client)[0] for _ in range(6)]

    assert (told, len(mails)) == ([202] * 5 + [429], 5)


def test_one_caller_registers_ten_times_a_minute(client):
    told = [register(client, f"ada{number}@example.com")[0] for number in range(11)]

    assert told == [202] * 10 + [429]
