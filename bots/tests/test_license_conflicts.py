"""What is done to a license while EAs, owners, imports or jobs are at it."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, transaction

from accounts.services import users as accounts
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once, second_waits_for_first
from bots.models import BotInstance, BotStatus, SettingsChange
from bots.services.bot_settings import change_settings
from bots.services.heartbeats import Heartbeat, record_heartbeat
from bots.services.releases import release
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import HoldSource, License, LicenseEvent
from licensing.services import expiry, holds, terms
from licensing.services.locks import locked_license
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE, SYSTEM

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]
DAY = timedelta(days=1)


@pytest.fixture
def key(db):
    return license_key_of(UserFactory.create())


@pytest.fixture
def ea(key):
    ea = Ea()
    ea.activate(key)
    return ea


def test_a_late_retry_of_a_deactivation_does_not_end_the_next_life(ea, key):
    late, revived = Ea(), Ea()
    late.token = ea.token
    ea.call("deactivate")

    revived.activate(key)

    assert late.call("deactivate")["code"] == "TOKEN_INVALID"
    assert revived.call("heartbeat")["code"] == "ALIVE"


def test_a_late_deactivation_beside_a_revival_leaves_it_alone(ea, key):
    bot = BotInstance.objects.get()
    release(bot=bot, actor=SYSTEM, now=clock.now())
    late = Ea()
    late.token = ea.token

    with transaction.atomic():
        Ea().activate(key)
        (said,) = all_at_once([lambda: late.call("deactivate")["code"]])

    assert said == "ALREADY_DEACTIVATED"
    assert BotInstance.objects.get().released_at is None


def test_a_revival_keeps_the_settings_that_changed_meanwhile(ea, key):
    ea.call("deactivate")
    bot = BotInstance.objects.get()
    change = partial(change_settings, bot=bot, actor=COMMAND_LINE, now=clock.now())

    reply = second_waits_for_first(
        first=lambda: change(changes={"auto_trade": False}),
        second=lambda: Ea().activate(key),
    )

    assert (reply["code"], reply["settings_version"]) == ("ACTIVATED", 2)
    assert change(changes={"auto_trade": True}) == 3
    assert SettingsChange.objects.count() == 2


def test_a_beat_that_comes_after_a_release_leaves_the_bot_stopped(ea):
    bot = BotInstance.objects.get()
    release(bot=bot, actor=SYSTEM, now=clock.now())

    record_heartbeat(bot=bot, beat=Heartbeat(), now=clock.now())

    assert BotInstance.objects.get().status == BotStatus.STOPPED


def test_an_import_that_lasts_holds_up_nobody(ea, key):
    license = License.objects.get()
    suspend = partial(
        holds.suspend_license,
        license=license,
        source=HoldSource.ADMIN,
        reason="",
        actor=COMMAND_LINE,
        now=clock.now(),
    )

    with transaction.atomic():
        BotInstanceFactory.create(license=license)
        answers = all_at_once([partial(Ea().activate, key)])
        all_at_once([suspend])

    assert answers[0]["code"] == "ALREADY_ACTIVATED"
    assert license.holds.count() == 1


def test_an_owner_who_is_deleted_meanwhile_fails_no_call(rounds):
    for _ in range(rounds):
        owner = UserFactory.create()
        key = license_key_of(owner, max_accounts=9)
        eas = [Ea() for _ in range(8)]
        for ea in eas[4:]:
            ea.activate(key, instance_name=f"Bot {id(ea)}")

        def activate(ea, key=key):
            ea.activate(key, instance_name=f"New {id(ea)}")

        all_at_once(
            [
                *(partial(activate, ea) for ea in eas[:4]),
                *(partial(ea.call, "deactivate") for ea in eas[4:]),
                partial(accounts.delete_user, user=owner, now=clock.now()),
            ]
        )

        assert {ea.status for ea in eas} <= {200, 201, 401, 404}
        assert not License.objects.exists()


def test_a_license_that_is_extended_meanwhile_is_not_told_to_end(key):
    now = clock.now()
    License.objects.update(expires_at=now + 3 * DAY)
    license = License.objects.get()

    noted = second_waits_for_first(
        first=lambda: terms.extend_license(
            license=license, days=365, actor=COMMAND_LINE, now=now
        ),
        second=lambda: expiry.note_expiries(now=now),
    )
    later = now + 366 * DAY

    assert noted == 0
    assert expiry.note_expiries(now=later) == 1
    types = LicenseEvent.objects.order_by("sequence").values_list("type", flat=True)
    assert list(types) == ["issued", "extended", "expiring_soon"]


def test_two_runs_of_the_job_at_once_tell_once(key, rounds):
    for _ in range(rounds):
        now = clock.now()
        License.objects.update(
            status="active", expires_at=now - 60 * DAY, expired_of=None
        )
        before = LicenseEvent.objects.filter(type="expired").count()

        noted = all_at_once([partial(expiry.note_expiries, now=now)] * 4)

        assert sum(noted) == 1
        assert LicenseEvent.objects.filter(type="expired").count() == before + 1


def test_one_license_that_is_locked_does_not_stop_the_others(key):
    now = clock.now()
    license_key_of(UserFactory.create())
    License.objects.update(expires_at=now - 60 * DAY)
    locked = License.objects.latest("issued_at")

    def run():
        with pytest.raises(OperationalError):
            expiry.note_expiries(now=now)

    with transaction.atomic():
        locked_license(locked.pk)
        all_at_once([run], lock_timeout="1s")

    assert License.objects.filter(status="expired").count() == 1
    assert expiry.note_expiries(now=now) == 1
