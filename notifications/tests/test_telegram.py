"""Telegram: chats linked by a code, and told what happens."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.threads import all_at_once
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    Event,
    TelegramChat,
    TelegramCode,
)
from notifications.services import telegram
from notifications.services.telling import tell
from notifications.tests import peers
from notifications.tests.factories import TelegramChatFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def peer(settings):
    settings.TELEGRAM_BOT_TOKEN = "1:secret"
    with peers.telegram() as peer:
        settings.TELEGRAM_API_URL = peer.url
        yield peer


def write(peer, text, *, chat_id=77, kind="private", number=1):
    """Let somebody write to our bot."""
    chat = {"id": chat_id, "type": kind, "first_name": "Al", "last_name": "Ice"}
    peer.updates.append({"update_id": number, "message": {"text": text, "chat": chat}})


def say(user):
    tell(
        user=user,
        event=Event.BOT_OFFLINE,
        title="Grid is offline",
        message="Silent since noon.",
        now=NOW,
    )


def sent(peer):
    return [
        (heard.json["chat_id"], heard.json["text"])
        for heard in peer.heard
        if heard.path == "/bot1:secret/sendMessage"
    ]


def the_delivery():
    return Delivery.objects.get(channel=Channel.TELEGRAM)


def test_a_chat_that_sends_the_code_is_linked_and_greeted(alice, peer):
    code = telegram.offer_code(user=alice, now=NOW)
    write(peer, f"/start {code}")

    assert telegram.read_messages(now=NOW + MINUTE) == 1
    telegram.send_due_messages(now=NOW + MINUTE)

    chat = TelegramChat.objects.get()
    assert (chat.user, chat.chat_id, chat.name) == (alice, 77, "Al Ice")
    ((chat_id, text),) = sent(peer)
    assert (chat_id, alice.email in text) == (77, True)
    assert code not in TelegramCode.objects.values_list("digest", flat=True)
    # What was read is confirmed, and read no more.
    assert peer.updates == []


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(alice, charlie, peer):
    used = telegram.offer_code(user=alice, now=NOW)
    late = telegram.offer_code(user=charlie, now=NOW - telegram.CODE_LASTS)
    write(peer, f"/start {used}", number=1)
    write(peer, f"/start {used}", number=2, chat_id=78)
    write(peer, f"/start {late}", number=3)
    write(peer, "/start", number=4)
    write(peer, "hello", number=5)

    assert telegram.read_messages(now=NOW) == 1
    assert TelegramChat.objects.get().chat_id == 77


def test_a_new_code_voids_the_one_before(alice, peer):
    former = telegram.offer_code(user=alice, now=NOW)
    telegram.offer_code(user=alice, now=NOW)
    write(peer, f"/start {former}")

    assert telegram.read_messages(now=NOW) == 0


def test_a_group_is_not_linked(alice, peer):
    write(peer, f"/start {telegram.offer_code(user=alice, now=NOW)}", kind="group")

    assert telegram.read_messages(now=NOW) == 0


def test_another_chat_takes_the_place_of_the_first(alice, peer):
    TelegramChatFactory.create(user=alice, blocked_at=NOW)
    write(peer, f"/start {telegram.offer_code(user=alice, now=NOW)}")

    telegram.read_messages(now=NOW)

    chat = TelegramChat.objects.get()
    assert (chat.chat_id, chat.blocked_at) == (77, None)


def test_a_name_that_nothing_brings_to_rest_stops_no_reading(alice, peer):
    write(peer, f"/start {telegram.offer_code(user=alice, now=NOW)}")
    nested = "<" * 20 + "b>" * 20
    peer.updates[0]["message"]["chat"]["first_name"] = nested

    assert telegram.read_messages(now=NOW) == 1


def test_stop_unlinks_the_chat(alice, peer):
    TelegramChatFactory.create(user=alice, chat_id=77)
    write(peer, "/stop")

    assert telegram.read_messages(now=NOW) == 1
    assert not TelegramChat.objects.exists()


def test_who_unlinks_is_told_nothing_more(alice, peer):
    TelegramChatFactory.create(user=alice)
    say(alice)

    assert telegram.unlink_chat(user=alice) is True
    assert telegram.unlink_chat(user=alice) is False
    assert telegram.send_due_messages(now=NOW) == 0


def test_a_linked_chat_is_told_once(alice, peer):
    TelegramChatFactory.create(user=alice, chat_id=77)
    say(alice)

    counts = [telegram.send_due_messages(now=NOW + each * HOUR) for each in range(3)]

    assert counts == [1, 0, 0]
    assert sent(peer) == [(77, "Grid is offline\nSilent since noon.")]
    key = peer.heard[0].headers["Idempotency-Key"]
    assert (key, the_delivery().text) == (str(the_delivery().pk), "")


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_broken_peer_delays_and_costs_no_attempt(alice, peer, status):
    TelegramChatFactory.create(user=alice)
    say(alice)
    peer.status = status

    counts = [telegram.send_due_messages(now=NOW + each * HOUR) for each in range(20)]

    assert (set(counts), the_delivery().attempts) == ({0}, 0)
    peer.status = 200
    assert telegram.send_due_messages(now=NOW + 21 * HOUR) == 1


def test_a_peer_that_is_away_delays(alice, peer, settings):
    TelegramChatFactory.create(user=alice)
    say(alice)
    settings.TELEGRAM_API_URL = f"http://127.0.0.1:{peers.free_port()}"

    assert telegram.send_due_messages(now=NOW) == 0
    assert telegram.read_messages(now=NOW) == 0

    settings.TELEGRAM_API_URL = peer.url
    assert telegram.send_due_messages(now=NOW + MINUTE) == 1


@pytest.mark.parametrize("status", [400, 403])
def test_a_chat_that_was_blocked_is_not_told_again(alice, peer, status):
    TelegramChatFactory.create(user=alice)
    say(alice)
    peer.status = status

    telegram.send_due_messages(now=NOW)
    say(alice)

    assert the_delivery().state == DeliveryState.DEAD
    assert TelegramChat.objects.get().blocked_at == NOW


def test_without_a_token_nobody_is_asked(alice, settings):
    settings.TELEGRAM_BOT_TOKEN = ""
    TelegramChatFactory.create(user=alice)
    say(alice)

    assert telegram.send_due_messages(now=NOW) == telegram.read_messages(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_a_code_that_is_read_by_several_at_once_links_once(alice, peer):
    write(peer, f"/start {telegram.offer_code(user=alice, now=NOW)}")

    counts = all_at_once([lambda: telegram.read_messages(now=NOW)] * 3)

    assert sum(counts) == 1
    assert Delivery.objects.filter(channel=Channel.TELEGRAM).count() == 1
