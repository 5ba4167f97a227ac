"""Whatever is sent to a call that writes: a clear refusal, never a failure."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.tokens import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]

GOOD: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "auth/register"): {
        "email": "ada@example.com",
        "password": PASSWORD,
        "first_name": "Ada",
        "last_name": "Lovelace",
    },
    ("POST", "auth/verify"): {"email": "ada@example.com", "code": "BBBB-BBBB"},
    ("POST", "auth/send-code"): {"email": "ada@example.com"},
    ("POST", "auth/token"): {
        "email": "alice@example.com",
        "password": PASSWORD,
        "code": "123456",
    },
    ("PATCH", "me"): {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "time_zone": "UTC",
        "language": "en",
    },
    ("POST", "me/password"): {
        "current_password": PASSWORD,
        "new_password": "a new long password",
    },
    ("DELETE", "me"): {"password": PASSWORD},
}
EACH_FIELD = [(call, field) for call, body in GOOD.items() for field in body]
NEVER_A_TEXT: list[Any] = [
    "nul \0",
    "half \ud800",
    "\udfff",
    "x" * 100_000,
    None,
    True,
    2**63,
    1.5,
    [],
    {},
    [[]],
    {"$ne": ""},
]
each_call = pytest.mark.parametrize("call", GOOD, ids=" ".join)


def send(client, call, user, content, content_type="application/json"):
    method, path = call
    return client.generic(
        method,
        f"/api/v1/{path}",
        content if isinstance(content, str | bytes) else json.dumps(content),
        content_type=content_type,
        headers=bearer(user),
    )


@pytest.mark.parametrize("value", NEVER_A_TEXT, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize(
    ("call", "field"), EACH_FIELD, ids=lambda part: "-".join(part[-1:])
)
def test_what_is_no_text_is_told_by_its_field(client, alice, call, field, value):
    response = send(client, call, alice, {**GOOD[call], field: value})

    problem = response.json()
    assert (response.status_code, list(problem["errors"])) == (400, [field])
    assert User.objects.get() == alice


@each_call
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400", "-1e99999"])
def test_a_number_that_is_none_is_told_by_its_field(client, alice, call, literal):
    field = next(iter(GOOD[call]))
    body = json.dumps({**GOOD[call], field: "here"}).replace('"here"', literal)

    response = send(client, call, alice, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


@each_call
@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ("{", 400, "MALFORMED_BODY"),
        ('{"a": 1, "a": 2}', 400, "MALFORMED_BODY"),
        ('{"a":' * 9 + "1" + "}" * 9, 400, "MALFORMED_BODY"),
        ("[" * 100_000, 400, "MALFORMED_BODY"),
        (b'{"a": "\xff"}', 400, "MALFORMED_BODY"),
        ('{"a": 123456789012345678901}', 400, "MALFORMED_BODY"),
        ("[%s{}]" % ("{}," * 20_000), 413, "TOO_LARGE"),
        (" " * (2**20 + 1), 413, "TOO_LARGE"),
        ("[]", 400, "VALIDATION_ERROR"),
        ("7", 400, "VALIDATION_ERROR"),
        ("null", 400, "VALIDATION_ERROR"),
    ],
    ids=lambda part: repr(part)[:12],
)
def test_a_body_that_cannot_be_read_changes_nothing(
    client, alice, call, content, status, code
):
    response = send(client, call, alice, content)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert User.objects.get() == alice


@each_call
def test_a_body_in_another_charset_is_refused(client, alice, call):
    response = send(
        client, call, alice, GOOD[call], "application/json; charset=shift_jis"
    )

    assert response.status_code == 415


@each_call
def test_a_field_too_many_is_refused(client, alice, call):
    response = send(client, call, alice, {**GOOD[call], "is_superuser": True})

    assert (response.status_code, list(response.json()["errors"])) == (
        400,
        ["is_superuser"],
    )
    assert User.objects.get() == alice


@each_call
@given(data=st.data())
@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_makes_it_fail(client, alice, call, data):
    texts = {field: data.draw(st.text(max_size=300)) for field in GOOD[call]}
    body = {**GOOD[call], **texts}
    if "password" in body and call[1] == "me":
        body["password"] += "!"  # nobody is to guess it

    response = send(client, call, alice, body)

    assert response.status_code < 500
    assert User.objects.get(pk=alice.pk) == alice
