"""Mails can be left in one click, and nobody leaves for another."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client

from notifications.models import Channel, Event, Preference
from notifications.services import outbox
from notifications.services.telling import tell, wanted_channels
from notifications.unsubscribing import unsubscribe_url

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def strict_client():
    """A client that has no cookie, and whose forms need a token as everybody's."""
    return Client(enforce_csrf_checks=True)


def path(user, event=Event.BOT_OFFLINE):
    return unsubscribe_url(user, event).removeprefix("http://127.0.0.1:8000")


def is_mailed(user, event=Event.BOT_OFFLINE):
    return Channel.EMAIL in wanted_channels(user, event)


def test_a_mail_carries_the_way_out(alice, settings):
    settings.SITE_URL = "https://trader.example.com"
    tell(
        user=alice,
        event=Event.BOT_OFFLINE,
        title="Grid is offline",
        message="Silent.",
        now=NOW,
    )

    outbox.send_due_mail(now=NOW, is_urgent=False)

    (message,) = mail.outbox
    url = unsubscribe_url(alice, Event.BOT_OFFLINE)
    assert url.startswith("https://trader.example.com/unsubscribe/")
    headers = message.message()
    assert headers["List-Unsubscribe"] == f"<{url}>"
    assert headers["List-Unsubscribe-Post"] == ONE_CLICK
    assert headers["List-Id"] == "<bot_offline.trader.example.com>"
    assert message.body.startswith("Silent.\n\n-- \n")
    assert url in message.body


def test_a_mail_of_the_account_has_no_way_out():
    outbox.post_mail(recipient="a@example.com", subject="Code", text="1", now=NOW)

    outbox.send_due_mail(now=NOW, is_urgent=False)

    assert "List-Unsubscribe" not in mail.outbox[0].message()


def test_looking_at_the_address_asks_and_changes_nothing(strict_client, alice):
    page = strict_client.get(path(alice))

    assert (page.status_code, is_mailed(alice)) == (200, True)
    assert b"Stop this kind" in page.content
    assert alice.email.encode() not in page.content


def test_one_click_leaves_one_kind(strict_client, alice, charlie):
    for _ in range(2):
        done = strict_client.post(
            path(alice), ONE_CLICK, content_type="application/x-www-form-urlencoded"
        )

    assert (done.status_code, is_mailed(alice)) == (200, False)
    assert is_mailed(alice, Event.LICENSE_EXPIRED)
    assert is_mailed(charlie)
    assert Channel.INBOX in wanted_channels(alice, Event.BOT_OFFLINE)


def test_all_of_them_can_be_left(strict_client, alice):
    strict_client.post(path(alice), {"all": "1"})

    assert not any(is_mailed(alice, event) for event in Event)
    assert set(Preference.objects.values_list("is_wanted", flat=True)) == {False}


@pytest.mark.parametrize("token", ["x", "WyJhIiwiYiJd:1t:abc"])
def test_a_forged_address_is_no_page(strict_client, token):
    assert strict_client.post(f"/unsubscribe/{token}/").status_code == 404


def test_the_address_of_who_was_deleted_is_no_page(strict_client, alice):
    address = path(alice)
    alice.delete()

    assert strict_client.post(address).status_code == 404
