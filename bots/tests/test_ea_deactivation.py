import pytest
from django.urls import reverse

from accounts.models import User
from bots.models import BotInstance
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=1)


@pytest.mark.django_db
def test_deactivation_frees_the_slot_and_ends_the_token(key):
    ea = Ea()
    ea.activate(key)

    replies = [ea.call("deactivate")["code"] for _ in range(2)]

    assert replies == ["DEACTIVATED", "ALREADY_DEACTIVATED"]
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert Ea().activate(key, mt4_account="other")["code"] == "ACTIVATED"


@pytest.mark.django_db
def test_a_revived_instance_keeps_its_trades_but_no_old_token(key):
    ea = Ea()
    bot_id = ea.activate(key)["bot_id"]
    old_token = ea.token
    ea.call("deactivate")

    again = ea.activate(key)
    ea.token = old_token

    assert (again["code"], again["bot_id"]) == ("ACTIVATED", bot_id)
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert ea.call("deactivate")["code"] == "TOKEN_INVALID"


@pytest.mark.django_db
def test_deactivation_works_under_a_revoked_license(key):
    ea = Ea()
    ea.activate(key)
    License.objects.update(status="revoked")

    assert ea.call("deactivate")["code"] == "DEACTIVATED"


@pytest.mark.django_db
def test_staff_release_a_bot_and_its_token_ends_at_once(key, client):
    ea = Ea()
    ea.activate(key)
    client.force_login(User.objects.create_superuser("staff@example.com"))

    client.post(
        reverse("admin:bots_botinstance_changelist"),
        {
            "action": "release",
            "_selected_action": BotInstance.objects.get().pk,
            "confirmed": "1",
        },
    )

    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
