"""`manage.py create_user`: people whose addresses are one, however they are written."""

from io import StringIO
from typing import Any

import bcrypt
import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import queries
from accounts.models import Role, User, normalize_email
from accounts.services import users
from accounts.tests.factories import UserFactory
from smarttrader import settings as real_settings

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize(
    ("role", "is_staff", "is_superuser"),
    [
        (Role.USER, False, False),
        (Role.RESELLER, True, False),
        (Role.ADMIN, True, True),
    ],
)
def test_user_is_created_in_a_role(role: Role, is_staff: bool, is_superuser: bool):
    printed = _create("ada@example.com", f"--role={role}", f"--password={PASSWORD}")

    user = User.objects.get()
    assert printed == f"Created ada@example.com ({role})\n"
    assert (user.role, user.is_staff, user.is_superuser) == (
        role,
        is_staff,
        is_superuser,
    )
    assert user.is_active
    assert user.email_verified
    assert user.check_password(PASSWORD)
    address = EmailAddress.objects.get()
    assert (address.user, address.email) == (user, "ada@example.com")
    assert (address.verified, address.primary) == (True, True)


def test_role_is_user_by_default():
    _create("ada@example.com")

    assert User.objects.get().role == Role.USER


def test_password_is_made_and_printed_when_none_is_given():
    printed = _create("ada@example.com")

    password = printed.splitlines()[1].removeprefix("Password: ")
    assert len(password) >= 20
    assert User.objects.get().check_password(password)


def test_weak_password_is_told_but_taken():
    errors = StringIO()

    _create("ada@example.com", "--password=password", stderr=errors)

    assert errors.getvalue().startswith("Weak password: ")
    assert User.objects.get().check_password("password")


def test_names_are_kept():
    _create("ada@example.com", "--first-name=Ada", "--last-name=Lovelace")

    assert User.objects.get().get_full_name() == "Ada Lovelace"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        (
            "\uff41\uff44\uff41\uff20\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0e\uff43\uff4f\uff4d",
            "ada@example.com",
        ),
        ("\ufb01n@example.com", "fin@example.com"),
        ("ada+tag@sub.example.co.uk", "ada+tag@sub.example.co.uk"),
    ],
)
def test_address_is_stored_in_its_one_spelling(typed: str, stored: str):
    _create(typed)

    assert User.objects.get().email == stored
    assert queries.user_by_email(typed) == User.objects.get()


@pytest.mark.parametrize(
    "again", ["ada@example.com", "ADA@example.com", "\uff41da@example.com"]
)
def test_address_that_is_taken_is_refused(again: str):
    _create("ada@example.com")

    error = _refusal(again)

    assert str(error).startswith("EMAIL_TAKEN:")
    assert error.returncode == 2
    assert User.objects.count() == EmailAddress.objects.count() == 1


INVALID = [
    "",
    "ada",
    "ada@",
    "@example.com",
    "ada@localhost",
    "ada@example",
    "ada@example.c",
    "ada@example.com.",
    "ada@.example.com",
    "ada@-example.com",
    "ada@exa_mple.com",
    "ada@[127.0.0.1]",
    "ada@127.0.0.1",
    "ada@bücher.example",
    "ada lovelace@example.com",
    '"ada lovelace"@example.com',
    "ada@example.com, eve@example.com",
    "Ada <ada@example.com>",
    "ada@eve@example.com",
    "ada..l@example.com",
    "ada\u200b@example.com",
    f"{'a' * 250}@example.com",
    f"ada@{'a' * 64}.com",
]


@pytest.mark.parametrize("email", INVALID)
def test_address_that_is_none_is_refused(email: str):
    error = _refusal(email)

    assert str(error).startswith("EMAIL_INVALID:")
    assert error.returncode == 2
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()


@given(email=st.one_of(st.emails(), st.from_regex(r"\A\S{1,9}@\S{1,9}\.[a-z]{1,3}\Z")))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_service_takes_the_database_takes_and_finds(email: str):
    savepoint = transaction.savepoint()
    try:
        user = users.create_user(email=email)
    except users.EmailInvalid:
        user = None
    # Neither an IntegrityError nor a wrong EmailTaken.
    if user is not None:
        assert queries.user_by_email(email) == user
        assert user.email == normalize_email(user.email)
    transaction.savepoint_rollback(savepoint)


# The length is the column's own, and the service alone knows invisible characters.
BEYOND_THE_CHECK = {"", "ada..l@example.com", "ada\u200b@example.com"}


@pytest.mark.parametrize(
    "email",
    [each for each in INVALID if each not in BEYOND_THE_CHECK and len(each) < 255],
)
def test_database_refuses_what_the_validator_refuses(email: str):
    with pytest.raises(IntegrityError, match="users_email_valid"), transaction.atomic():
        UserFactory.create(email=email)


def test_database_refuses_a_second_spelling():
    UserFactory.create(email="ada@example.com")

    with pytest.raises(IntegrityError, match="users_email_lower_unique"):
        UserFactory.create(email="Ada@example.com")


def test_name_that_is_too_long_is_not_called_a_bad_address():
    error = _refusal("ada@example.com", f"--first-name={'A' * 101}")

    assert str(error).startswith("NAME_INVALID:")
    assert not User.objects.exists()


def test_unknown_role_is_refused():
    error = _refusal("ada@example.com", "--role=king")

    assert "invalid choice: 'king'" in str(error)
    assert not User.objects.exists()


def test_password_is_hashed_by_bcrypt_at_cost_12(settings: Any):
    settings.PASSWORD_HASHERS = real_settings.PASSWORD_HASHERS
    long_password = "x" * 100 + "y"

    _create("ada@example.com", f"--password={long_password}")

    with connection.cursor() as cursor:
        cursor.execute("SELECT password_hash FROM users")
        (stored,) = cursor.fetchone()
    algorithm, _, hashed = stored.partition("$")
    assert algorithm == "bcrypt_sha256"
    assert hashed.startswith("$2b$12$")
    assert check_password(long_password, stored)
    # bcrypt alone sees 72 bytes and no more.
    assert not check_password("x" * 100 + "z", stored)
    assert not bcrypt.checkpw(b"x" * 72, hashed.encode())


def _create(email: str, *options: str, stderr: StringIO | None = None) -> str:
    out = StringIO()
    call_command(
        "create_user", *options, "--", email, stdout=out, stderr=stderr or StringIO()
    )
    return out.getvalue()


def _refusal(email: str, *options: str) -> CommandError:
    with pytest.raises(CommandError) as refusal:
        _create(email, *options)
    return refusal.value
