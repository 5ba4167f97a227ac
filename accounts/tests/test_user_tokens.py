"""Whom a token of the user API speaks for, and whom it does not."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import timedelta

import pytest
from django.conf import settings as project_settings

from accounts import tokens as user_tokens
from accounts.models import RevokedToken, Role, User
from accounts.services import users
from accounts.tests.factories import PASSWORD
from accounts.tests.tokens import bearer, bearing, claims_of, forged
from smarttrader.lib import clock

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("smarttrader.tests.api_probe"),
    pytest.mark.usefixtures("one_window"),
]
WEEK = timedelta(days=7)


def whoami(client, headers):
    response = client.get("/api/v1/whoami", headers=headers)
    return response.status_code, response.json().get("code")


def signed(header, payload):
    """Return a token of arbitrary bytes with a right HS256 signature."""
    parts = b".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload)
    )
    key = project_settings.JWT_SIGNING_KEY.encode()
    digest = hmac.new(key, parts, hashlib.sha256).digest()
    return (parts + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


REFUSED = (401, "TOKEN_INVALID")


def test_a_token_speaks_for_its_user(client, alice):
    response = client.get("/api/v1/whoami", headers=bearer(alice))

    assert (response.status_code, response.json()) == (
        200,
        {"email": "alice@example.com"},
    )


def test_a_token_lives_a_week(alice):
    now = clock.now().replace(microsecond=0)

    token = user_tokens.issue_token(alice, now=now)

    assert token.expires_at == now + WEEK
    assert claims_of(alice).keys() == {
        "token_type",
        "aud",
        "iss",
        "sub",
        "sv",
        "jti",
        "iat",
        "exp",
    }


def test_asking_costs_one_statement(client, alice, count_statements):
    headers = bearer(alice)

    with count_statements() as asked:
        client.get("/api/v1/whoami", headers=headers)

    assert len(asked) == 1


def test_without_a_token_a_call_is_told_how_to_sign_in(client, alice):
    response = client.get("/api/v1/whoami")

    assert (response.status_code, response.json()["code"]) == (401, "NOT_AUTHENTICATED")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_browsers_session_opens_no_api(client, alice):
    client.force_login(alice)

    assert whoami(client, {}) == (401, "NOT_AUTHENTICATED")


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic YTpi", "Token abc", "", "bearerx y"],
)
def test_a_header_without_a_token_is_no_sign_in(client, header):
    status, _ = whoami(client, {"Authorization": header})

    assert status == 401


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "é.é.é",
        "a b c",
        "\x00",
        "eyJhbGciOiJIUzI1NiJ9..",
        "A" * 5000,
        "e30.e30.e30",
    ],
)
def test_what_is_no_token_is_refused(client, text):
    assert whoami(client, bearing(text)) == REFUSED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", None),
        ("sub", ["a"]),
        ("sub", 7),
        ("sub", "\0"),
        ("sub", "alice"),
        ("sub", str(uuid.UUID(int=7))),
        ("sub", ""),
        ("sub", {}),
        ("sub", "\ud800"),
        ("sv", None),
        ("sv", "1"),
        ("sv", 2),
        ("sv", 10**30),
        ("sv", True),
        ("sv", -1),
        ("sv", 1.0),
        ("sv", [1]),
        ("exp", None),
        ("exp", 10**20),
        ("exp", 0),
        ("exp", "soon"),
        ("exp", -1),
        ("exp", 10**400),
        ("exp", [1]),
        ("exp", True),
        ("exp", 1e300),
        ("iat", "soon"),
        ("iat", 10**20),
        ("nbf", 10**20),
        ("nbf", "x"),
        ("aud", "bot"),
        ("aud", None),
        ("aud", 7),
        ("aud", [["user"]]),
        ("iss", "another"),
        ("iss", None),
        ("iss", 7),
        ("jti", None),
        ("jti", "x"),
        ("jti", 7),
        ("jti", ["a"]),
        ("token_type", "access"),
        ("token_type", None),
        ("token_type", [1]),
    ],
)
def test_an_odd_claim_is_refused_though_rightly_signed(client, alice, name, value):
    token = (
        forged(claims_of(alice) | {name: value})
        if name
        not in (
            "sub",
            "iss",
            "jti",
            "aud",
            "iat",
            "nbf",
            "exp",
        )
        else signed(
            b'{"alg":"HS256","typ":"JWT"}',
            json.dumps(claims_of(alice) | {name: value}).encode(),
        )
    )

    assert whoami(client, bearing(token)) == REFUSED


@pytest.mark.parametrize(
    "name", ["sub", "sv", "exp", "aud", "iss", "jti", "token_type"]
)
def test_a_missing_claim_is_refused(client, alice, name):
    claims = claims_of(alice)
    del claims[name]

    assert whoami(client, bearing(forged(claims))) == REFUSED


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (b'{"alg":"HS256"}', b"[]"),
        (b'{"alg":"HS256"}', b"null"),
        (b'{"alg":"HS256"}', b"{"),
        (b'{"alg":"HS256"}', b"\xff"),
        (b'{"alg":"HS256"}', b"[" * 3000),
        (b"[" * 3000, b"{}"),
        (b'{"alg":"HS256","x":' + b"[" * 3000, b"{}"),
        (b'{"alg":["HS256"]}', b"{}"),
        (b'{"alg":"HS256","crit":["b64"],"b64":false}', b"{}"),
        (b'{"alg":"HS256","kid":7}', b"{}"),
        (b'{"alg":"HS256","zip":"DEF"}', b'{"exp":Infinity}'),
        (b'{"alg":"HS256"}', b'{"exp":NaN,"sub":"a"}'),
    ],
)
def test_odd_json_inside_a_token_is_refused(client, header, payload):
    assert whoami(client, bearing(signed(header, payload))) == REFUSED


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [("", "none"), (None, "HS512"), (None, "HS384"), ("another key " * 5, "HS256")],
)
def test_another_algorithm_or_key_is_refused(client, alice, key, algorithm):
    token = forged(claims_of(alice), key, algorithm=algorithm)

    assert whoami(client, bearing(token)) == REFUSED


def test_the_django_secret_key_signs_no_token(client, alice):
    token = forged(claims_of(alice), project_settings.SECRET_KEY)

    assert whoami(client, bearing(token)) == REFUSED


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_edited_token_is_refused(client, alice, charlie, part):
    mine = bearer(alice)["Authorization"].removeprefix("Bearer ").split(".")
    theirs = forged(claims_of(charlie) | {"role": "admin"}, algorithm="HS512")
    mine[part] = theirs.split(".")[part]

    assert whoami(client, bearing(".".join(mine))) == REFUSED


def test_an_expired_token_is_refused(client, alice):
    expired = user_tokens.issue_token(alice, now=clock.now() - WEEK)

    assert whoami(client, bearing(expired.text)) == REFUSED


def test_a_token_of_a_deleted_user_is_refused(client, alice):
    headers = bearer(alice)
    users.delete_user(user=alice, now=clock.now())

    assert whoami(client, headers) == REFUSED


def test_a_revoked_token_is_refused_and_others_are_not(client, alice):
    revoked, other = claims_of(alice), bearer(alice)
    RevokedToken.objects.create(pk=revoked["jti"], expires_at=clock.now() + WEEK)

    assert whoami(client, bearing(forged(revoked))) == REFUSED
    assert whoami(client, other) == (200, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"role": Role.RESELLER},
        {"role": Role.ADMIN},
        {"role": Role.ADMIN, "is_superuser": True},
        {"password": "another hash"},
    ],
)
@pytest.mark.parametrize("way", ["save", "update"])
def test_a_token_ends_with_what_it_rests_on(client, alice, fields, way):
    headers = bearer(alice)
    assert whoami(client, headers) == (200, None)

    if way == "update":
        User.objects.filter(pk=alice.pk).update(**fields)
    else:
        for name, value in fields.items():
            setattr(alice, name, value)
        alice.save()

    assert whoami(client, headers) == REFUSED


def test_a_token_survives_other_changes(client, alice):
    headers = bearer(alice)

    alice.first_name = "Alicia"
    alice.last_login = clock.now()
    alice.save()

    assert whoami(client, headers) == (200, None)


def test_a_row_that_was_read_before_brings_no_version_back(alice):
    stale = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(session_version=5)

    stale.first_name = "Alicia"
    stale.save()

    assert stale.session_version == 5
    assert User.objects.get(pk=alice.pk).session_version == 5


def test_a_user_in_memory_learns_the_version_that_a_save_made(alice):
    alice.set_password("another " + PASSWORD)
    alice.save()

    assert alice.session_version == 2
