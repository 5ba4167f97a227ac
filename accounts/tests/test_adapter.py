import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.urls import reverse

from smarttrader.lib.client_address import networks

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client, alice):
    alice.set_password("correct horse battery")
    alice.save()
    EmailAddress.objects.create(
        user=alice, email=alice.email, verified=True, primary=True
    )

    def post(password, **headers):
        return client.post(
            reverse("account_login"),
            {"login": alice.email, "password": password},
            headers=headers,
        )

    return post


@pytest.mark.parametrize(
    ("trusted", "remembered"),
    [(["127.0.0.0/8"], "203.0.113.9"), ([], "127.0.0.1")],
)
def test_a_session_remembers_the_client_behind_trusted_proxies(
    sign_in, settings, trusted, remembered
):
    settings.TRUSTED_PROXIES = networks(trusted)

    response = sign_in("correct horse battery", **{"X-Forwarded-For": "203.0.113.9"})

    assert response.status_code == 302
    assert UserSession.objects.get().ip == remembered


@pytest.mark.usefixtures("one_window")
def test_sign_ins_are_counted_by_the_client_not_by_the_proxy(sign_in, settings):
    settings.TRUSTED_PROXIES = networks(["127.0.0.1"])
    settings.SIGN_INS_PER_IP = 1

    def status(address):
        return sign_in("wrong", **{"X-Forwarded-For": address}).status_code

    assert [status("203.0.113.9"), status("203.0.113.9")] == [200, 429]
    assert status("203.0.113.10") == 200
