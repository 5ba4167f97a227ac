"""Commands: queued by the owner, delivered by heartbeats, acknowledged by a status."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from bots.models import BotCommand, BotInstance, BotSource, Command
from bots.services.commands import BotNotConnected, queue_command
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License
from licensing.services.secrets import reveal_key
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM, Actor, ActorType

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def queue(command, bot=None):
    out = StringIO()
    bot_id = bot or str(BotInstance.objects.get().pk)
    call_command("bot_command", "--bot", bot_id, command, stdout=out)
    return out.getvalue()


def told(ea, *statuses):
    return [ea.call("heartbeat", status=status)["command"] for status in statuses]


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("pause", "running", "paused"),
        ("resume", "paused", "running"),
        ("stop", "running", "stopped"),
        ("resume", "running", "running"),
    ],
)
def test_a_command_is_told_until_the_status_acknowledges_it(ea, command, before, after):
    queue(command)

    assert told(ea, before, after, after) == [command, "none", "none"]
    row = BotCommand.objects.get()
    assert row.delivered_at
    assert row.acknowledged_at
    assert row.queued_at <= row.delivered_at <= row.acknowledged_at


def test_a_reply_that_was_lost_is_said_again(ea):
    queue("pause")

    assert told(ea, "running", "running", "error", "paused") == [
        "pause",
        "pause",
        "pause",
        "none",
    ]


def test_a_newer_command_supersedes(ea):
    queue("pause")
    queue("stop")

    first = told(ea, "running")
    queue("resume")

    assert (first, told(ea, "stopped", "running")) == (["stop"], ["resume", "none"])
    rows = BotCommand.objects.order_by("queued_at")
    assert [row.superseded_at is not None for row in rows] == [True, True, False]


def test_one_command_is_pending_at_most(ea):
    queue("pause")

    with pytest.raises(IntegrityError), transaction.atomic():
        BotCommand.objects.create(
            bot_instance=BotInstance.objects.get(),
            command=Command.STOP,
            queued_by_type=ActorType.USER,
            queued_at=clock.now(),
        )


def test_a_sync_delivers_it_too(ea):
    queue("pause")

    replies = [ea.call("sync", status="running"), ea.call("sync", status="paused")]

    assert [reply["command"] for reply in replies] == ["pause", "none"]


def test_a_lapsed_license_is_told_too(ea):
    LicenseHoldFactory.create(license=License.objects.get())
    queue("stop")

    reply = ea.call("heartbeat")

    assert (ea.status, reply["command"]) == (403, "stop")


def test_a_released_bot_forgets_its_command(ea):
    queue("pause")
    ea.call("deactivate")
    ea.activate(license_key_of_bot())

    assert told(ea, "running") == ["none"]


def license_key_of_bot():
    return reveal_key(license=License.objects.get(), actor=SYSTEM, now=clock.now())


def test_who_cannot_hear_is_told_nothing(ea, alice):
    ea.call("deactivate")
    statement = BotInstanceFactory.create(owner=alice, source=BotSource.STATEMENT)

    for bot in (BotInstance.objects.get(source=BotSource.EA), statement):
        with pytest.raises(BotNotConnected):
            queue_command(
                bot=bot,
                command=Command.STOP,
                actor=Actor(ActorType.USER, alice.pk),
                now=clock.now(),
            )
    with pytest.raises(CommandError, match="BOT_NOT_CONNECTED") as error:
        queue("stop", str(statement.pk))
    assert error.value.returncode == 2
    assert not BotCommand.objects.exists()


def test_a_heartbeat_without_a_command_asks_two_statements(ea, count_statements):
    ea.call("heartbeat")

    with count_statements() as asked:
        ea.call("heartbeat", balance=100)

    assert len(asked) == 2
