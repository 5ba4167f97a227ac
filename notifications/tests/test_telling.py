"""Who is told of an event by which channel, and when."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.text import format_lazy

from accounts.models import User
from accounts.tests.threads import all_at_once
from bots.tests.factories import BotInstanceFactory, BotSettingsFactory
from notifications.catalog import GROUPS, TYPES
from notifications.models import (
    Channel,
    Delivery,
    EndpointState,
    Event,
    Notification,
    Preference,
)
from notifications.quiet_hours import end_of_quiet
from notifications.services.telling import tell, tell_of_bot
from notifications.tests.factories import TelegramChatFactory, WebhookEndpointFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def say(user, event=Event.BOT_OFFLINE, **given):
    fields: dict[str, Any] = {"title": "Grid is offline", "message": "Silent."}
    tell(user=user, event=event, now=NOW, **{**fields, **given})


def told(user):
    """Return by which ways a user was told."""
    inbox = [Channel.INBOX] * Notification.objects.filter(user=user).count()
    deliveries = Delivery.objects.filter(user=user).order_by("channel", "recipient")
    return inbox + list(deliveries.values_list("channel", "recipient"))


def prefer(user, event, channel, *, is_wanted):
    Preference.objects.create(
        user=user, event=event, channel=channel, is_wanted=is_wanted
    )


def test_every_event_is_in_one_group_of_the_page():
    grouped = [event for _title, _type, events in GROUPS for event in events]

    assert sorted(grouped) == sorted(Event)
    assert TYPES.keys() == set(Event)


def test_who_chose_nothing_is_told_in_the_inbox_and_by_mail(alice, charlie):
    say(alice)

    assert told(alice) == ["inbox", ("email", alice.email)]
    assert told(charlie) == []


def test_each_linked_place_is_told(alice):
    chat = TelegramChatFactory.create(user=alice)
    active = WebhookEndpointFactory.create(user=alice)
    WebhookEndpointFactory.create(user=alice, state=EndpointState.PAUSED)

    say(alice, metadata={"bot_id": "1"})

    assert told(alice) == [
        "inbox",
        ("email", alice.email),
        ("telegram", str(chat.chat_id)),
        ("webhook", active.url),
    ]
    assert Delivery.objects.get(channel=Channel.WEBHOOK).payload == {
        "type": "bot_offline",
        "timestamp": "2026-11-25T12:00:00+00:00",
        "data": {"title": "Grid is offline", "message": "Silent.", "bot_id": "1"},
    }


def test_what_somebody_chose_stands_above_the_defaults(alice, charlie):
    prefer(alice, Event.BOT_OFFLINE, Channel.EMAIL, is_wanted=False)
    prefer(alice, Event.TRADE_OPENED, Channel.INBOX, is_wanted=True)
    prefer(charlie, Event.BOT_OFFLINE, Channel.INBOX, is_wanted=False)

    say(alice)
    say(alice, Event.TRADE_OPENED)
    say(alice, Event.TRADE_CLOSED)

    assert told(alice) == ["inbox", "inbox"]


def test_only_a_verified_address_is_mailed(alice):
    User.objects.filter(pk=alice.pk).update(email_verified=False)
    alice.refresh_from_db()

    say(alice)

    assert told(alice) == ["inbox"]


def test_who_is_deactivated_hears_nothing_outside(alice):
    alice.is_active = False

    say(alice)

    assert told(alice) == ["inbox"]


@pytest.mark.parametrize("number", [1, 5])
def test_telling_takes_six_statements_whatever_is_linked(
    alice, count_statements, number
):
    TelegramChatFactory.create(user=alice)
    WebhookEndpointFactory.create_batch(number, user=alice)

    with count_statements() as asked:
        say(alice, cause_key="cause")

    assert len(asked) == 6
    assert Delivery.objects.count() == 2 + number


def test_a_cause_is_told_once(alice):
    say(alice, cause_key="loss:1")
    say(alice, cause_key="loss:1")
    say(alice, cause_key="loss:2")

    assert Notification.objects.count() == Delivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_cause_that_is_announced_by_several_at_once_is_told_once(alice):
    all_at_once([lambda: say(alice, cause_key="loss:1")] * 4)

    assert Notification.objects.count() == Delivery.objects.count() == 1


def test_what_is_rolled_back_was_told_to_nobody(alice):
    with transaction.atomic():
        say(alice, cause_key="loss:1")
        transaction.set_rollback(True)

    say(alice, cause_key="loss:1")

    assert told(alice) == ["inbox", ("email", alice.email)]


def test_a_long_title_is_cut_and_lazy_texts_are_told(alice):
    say(alice, title=format_lazy("{bot} is offline", bot="x" * 300))

    assert len(Notification.objects.get().title) == 200
    assert len(Delivery.objects.get().subject) == 200


def test_a_silenced_bot_tells_nothing(alice):
    quiet, loud = BotInstanceFactory.create_batch(2, owner=alice)
    BotSettingsFactory.create(bot_instance=quiet, notifications_enabled=False)

    for bot in (quiet, loud):
        tell_of_bot(bot=bot, event=Event.BOT_OFFLINE, title="Off", message="", now=NOW)

    (notification,) = Notification.objects.all()
    assert notification.metadata == {"event": "bot_offline", "bot_id": str(loud.pk)}


# Clocks go forward on 29 March 2026 and back on 25 October, in Berlin.
@pytest.mark.parametrize(
    ("zone", "since", "until", "now", "expected"),
    [
        ("UTC", "22:00", "07:00", "2026-11-25 21:59", None),
        ("UTC", "22:00", "07:00", "2026-11-25 22:00", "2026-11-26 07:00"),
        ("UTC", "22:00", "07:00", "2026-11-26 06:59", "2026-11-26 07:00"),
        ("UTC", "22:00", "07:00", "2026-11-26 07:00", None),
        ("UTC", "13:00", "15:00", "2026-11-25 14:00", "2026-11-25 15:00"),
        ("UTC", "00:00", "06:00", "2026-11-25 03:00", "2026-11-25 06:00"),
        ("UTC", "18:00", "00:00", "2026-11-25 23:59", "2026-11-26 00:00"),
        ("Asia/Tokyo", "22:00", "07:00", "2026-11-25 14:00", "2026-11-25 22:00"),
        ("America/New_York", "22:00", "07:00", "2026-11-25 14:00", None),
        ("Europe/Berlin", "22:00", "07:00", "2026-03-28 22:00", "2026-03-29 05:00"),
        ("Europe/Berlin", "22:00", "07:00", "2026-10-24 22:00", "2026-10-25 06:00"),
        # The hour from two to three is skipped, or comes twice.
        ("Europe/Berlin", "22:00", "02:30", "2026-03-29 00:59", "2026-03-29 01:30"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25 00:15", "2026-10-25 00:30"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25 01:15", None),
    ],
)
def test_quiet_hours_end_by_the_users_clock(zone, since, until, now, expected):
    user = User(
        time_zone=zone,
        quiet_from=time.fromisoformat(since),
        quiet_until=time.fromisoformat(until),
    )
    moment = datetime.fromisoformat(f"{now}+00:00")

    end = end_of_quiet(user, moment)

    assert end == (datetime.fromisoformat(f"{expected}+00:00") if expected else moment)


def test_what_is_not_urgent_waits_for_the_end_of_quiet_hours(alice):
    TelegramChatFactory.create(user=alice)
    WebhookEndpointFactory.create(user=alice)
    alice.quiet_from, alice.quiet_until = time(11), time(14)

    say(alice, Event.LICENSE_EXPIRING)
    say(alice, Event.DAILY_LOSS)

    due = Delivery.objects.order_by("channel").values_list("channel", "next_attempt_at")
    end = NOW + timedelta(hours=2)
    assert sorted(due.filter(event=Event.LICENSE_EXPIRING)) == [
        ("email", end),
        ("telegram", end),
        ("webhook", NOW),
    ]
    assert {moment for _channel, moment in due.filter(event=Event.DAILY_LOSS)} == {NOW}


@pytest.mark.parametrize(
    ("since", "until"), [("22:00", None), (None, "07:00"), ("07:00", "07:00")]
)
def test_quiet_hours_have_two_different_ends(alice, since, until):
    with pytest.raises(IntegrityError, match="quiet_hours"), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(quiet_from=since, quiet_until=until)
