"""A bot's token opens nothing of a user's, nor a user's anything of a bot's."""

import base64
from datetime import timedelta

import pytest

from accounts.tests.tokens import bearer, bearing, claims_of, forged
from bots.authentication import issue_token, read_token
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window", "no_limits")]
REFUSED = (401, "TOKEN_INVALID")


def code_of(response):
    return response.status_code, response.json()["code"]


def beat(client, headers):
    return client.post(
        "/api/v1/ea/heartbeat", "{}", content_type="application/json", headers=headers
    )


def test_a_bots_token_opens_no_user_api(client):
    bot = BotInstanceFactory.create()
    token = issue_token(bot, now=clock.now()).text

    assert code_of(client.get("/api/v1/me", headers=bearing(token))) == REFUSED


@pytest.mark.parametrize("claims", [{"aud": "bot"}, {"aud": "bot", "tv": 1}])
def test_a_users_claims_in_a_bots_token_open_no_user_api(client, alice, claims):
    token = forged(claims_of(alice) | claims)

    assert code_of(client.get("/api/v1/me", headers=bearing(token))) == REFUSED


def test_a_users_token_opens_no_call_of_an_ea(client, alice):
    BotInstanceFactory.create()

    assert code_of(beat(client, bearer(alice))) == REFUSED


def test_a_users_token_with_a_bots_id_opens_no_call_of_an_ea(client, alice):
    bot = BotInstanceFactory.create()
    token = forged(claims_of(alice) | {"sub": str(bot.pk), "tv": bot.token_version})

    assert code_of(beat(client, bearing(token))) == REFUSED


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/ea/heartbeat"])
@pytest.mark.parametrize("header", [b"[" * 3000, b'{"alg":"HS256","a":' + b"[" * 3000])
def test_a_header_of_brackets_is_refused_at_both_doors(client, path, header):
    token = base64.urlsafe_b64encode(header).decode().rstrip("=") + ".e30.e30"
    method = client.get if path == "/api/v1/me" else client.post

    response = method(
        path, headers=bearing(token), content_type="application/json", data={}
    )

    assert code_of(response) == REFUSED


@pytest.mark.parametrize("expiry", [10**20, 10**400, float("inf")])
def test_an_expiry_beyond_the_calendar_opens_no_user_api(client, alice, expiry):
    token = forged(claims_of(alice) | {"exp": expiry})

    assert code_of(client.get("/api/v1/me", headers=bearing(token))) == REFUSED


def test_a_bots_token_is_good_for_an_ea_all_the_same(client):
    bot = BotInstanceFactory.create()
    now = clock.now() - timedelta(days=6)

    response = beat(client, bearing(issue_token(bot, now=now).text))

    assert response.status_code == 200


def test_a_token_that_was_good_before_is_not_remembered_past_its_end():
    token = issue_token(BotInstanceFactory.create(), now=clock.now())

    answers = [
        read_token(token.text, now=token.expires_at + timedelta(seconds=late))
        for late in (-1, 0, 1)
    ]

    assert [answer is not None for answer in answers] == [True, False, False]
