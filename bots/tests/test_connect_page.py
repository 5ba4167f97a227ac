"""Connecting a bot: the page notices each of three steps."""

import pytest
from django.urls import reverse

from bots.models import BotInstance
from bots.services.releases import release
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License
from licensing.tests.factories import LicenseFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

CONNECT = reverse("connect")


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def step(alices_browser):
    return alices_browser.get(CONNECT).context["progress"].step


def poll(alices_browser, seen):
    return alices_browser.get(CONNECT, {"seen": seen}, headers={"HX-Target": "steps"})


def test_each_step_is_noticed(alices_browser, alice):
    steps = [step(alices_browser)]
    key = license_key_of(alice)
    steps.append(step(alices_browser))
    ea = Ea()
    ea.activate(key)
    steps.append(step(alices_browser))
    ea.call("heartbeat")
    steps.append(step(alices_browser))

    assert steps == [1, 2, 3, 4]


def test_a_bot_that_ran_before_does_not_count(alices_browser, alice):
    BotInstanceFactory(owner=alice, last_heartbeat=clock.now())

    assert step(alices_browser) == 2


def test_a_revived_bot_counts(alices_browser, alice):
    key = license_key_of(alice)
    ea = Ea()
    ea.activate(key)
    ea.call("heartbeat")
    release(bot=BotInstance.objects.get(), actor=SYSTEM, now=clock.now())
    assert step(alices_browser) == 2

    ea.activate(key)

    assert step(alices_browser) == 4


def test_without_a_free_account_the_first_step_is_not_done(alices_browser, alice):
    license = LicenseFactory(user=alice, max_accounts=1)
    BotInstanceFactory(license=license, last_heartbeat=clock.now())

    assert step(alices_browser) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mt4_account": "900101"}, "every account of the license is in use"),
        ({"hardware_id": "PC-2", "mt4_account": "900101"}, "locked to another"),
    ],
)
def test_a_refused_ea_is_explained(alices_browser, alice, fields, words):
    key = license_key_of(alice, max_accounts=1)
    Ea().activate(key)

    Ea().activate(key, **fields)

    assert words in alices_browser.get(CONNECT).content.decode()


def test_a_poll_is_answered_with_nothing_until_something_happens(alices_browser, alice):
    key = license_key_of(alice)
    seen = alices_browser.get(CONNECT).context["progress"].version

    before = poll(alices_browser, seen)
    Ea().activate(key)
    after = poll(alices_browser, seen)

    assert before.status_code == 204
    assert next(used.name for used in after.templates) == "bots/_connect_steps.html"
    assert "Activated. Waiting for the first signal" in after.content.decode()


def test_others_bots_are_not_told_of(client, alice, charlie):
    Ea().activate(license_key_of(alice))
    client.force_login(charlie)

    progress = client.get(CONNECT).context["progress"]

    assert (progress.licenses, progress.bots, progress.refusal) == ([], [], None)
    assert License.objects.count() == 1
