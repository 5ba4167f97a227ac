"""Offline by our clock: marked once, told once, and told again when it is back."""

from datetime import datetime, timedelta

import pytest

from accounts.tests.announcements import announced_by
from accounts.tests.threads import all_at_once
from bots import signals
from bots.models import OFFLINE_AFTER, BotInstance, BotSource
from bots.services.heartbeats import sweep_offline
from bots.tasks import sweep_offline as sweep_task
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.models import JobRun
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    ea.call("heartbeat")
    return ea


def fall_silent(since=OFFLINE_AFTER + A_SECOND):
    BotInstance.objects.update(last_heartbeat=clock.now() - since)


def last_heartbeat() -> datetime:
    beat = BotInstance.objects.get().last_heartbeat
    assert beat
    return beat


@pytest.fixture
def announced():
    with announced_by(signals) as heard:
        yield heard


def test_a_silent_bot_is_marked_and_told_of_once(ea, announced):
    fall_silent()

    swept = [sweep_offline(now=clock.now()) for _ in range(3)]

    assert swept == [1, 0, 0]
    assert announced == ["bot_offline"]


def test_its_first_beat_afterwards_is_a_resurrection_and_told(ea, announced):
    fall_silent()
    sweep_offline(now=clock.now())

    codes = [ea.call("heartbeat")["code"] for _ in range(2)]

    assert codes == ["RESURRECTED", "ALIVE"]
    assert announced == ["bot_offline", "bot_online"]
    assert sweep_offline(now=clock.now()) == 0


def test_a_gap_that_nobody_was_told_of_is_a_resurrection_but_no_news(ea, announced):
    fall_silent()

    codes = [ea.call("sync")["code"] for _ in range(2)]

    assert codes == ["RESURRECTED", "ALIVE"]
    assert announced == []


def test_three_beats_are_the_limit(ea):
    beat = last_heartbeat()

    swept = [
        sweep_offline(now=beat + OFFLINE_AFTER + more)
        for more in (timedelta(0), timedelta(microseconds=1))
    ]

    assert swept == [0, 1]


def test_who_never_spoke_or_has_left_is_not_offline(ea, alice):
    ea.call("deactivate")
    BotInstanceFactory.create(owner=alice, last_heartbeat=None)
    BotInstanceFactory.create(owner=alice, source=BotSource.STATEMENT)
    BotInstance.objects.exclude(last_heartbeat=None).update(
        last_heartbeat=clock.now() - timedelta(days=1)
    )

    assert sweep_offline(now=clock.now()) == 0


def test_an_eas_clock_is_trusted_for_nothing(ea):
    fall_silent()

    ea.call("heartbeat", server_time=0, time="1999.01.01 00:00", created_at=0)

    assert last_heartbeat() > clock.now() - A_SECOND * 30


def test_the_job_leaves_a_run(ea):
    fall_silent()

    assert sweep_task() == 1
    assert JobRun.objects.get(job="bots.sweep_offline").count == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_once(alice, announced, rounds):
    ea = Ea()
    ea.activate(license_key_of(alice))

    for _ in range(rounds):
        announced.clear()
        BotInstance.objects.update(offline_at=None)
        fall_silent()
        swept = all_at_once([lambda: sweep_offline(now=clock.now())] * 4)
        assert (sum(swept), announced) == (1, ["bot_offline"])


@pytest.mark.django_db(transaction=True)
def test_a_sweep_and_a_beat_at_once_agree(alice, announced, rounds, no_limits):
    ea = Ea()
    ea.activate(license_key_of(alice))

    for _ in range(rounds):
        announced.clear()
        BotInstance.objects.update(offline_at=None)
        fall_silent()
        swept, code = all_at_once(
            [
                lambda: sweep_offline(now=clock.now()),
                lambda: ea.call("heartbeat")["code"],
            ]
        )
        assert code == "RESURRECTED"
        assert BotInstance.objects.get().offline_at is None
        assert sorted(announced) == ["bot_offline", "bot_online"] * swept


def test_coming_back_and_telling_of_it_takes_eight_statements(ea, count_statements):
    fall_silent()
    sweep_offline(now=clock.now())

    with count_statements() as asked:
        ea.call("heartbeat")

    assert len(asked) == 8
