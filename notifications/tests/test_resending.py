"""What was given up is sent again where its words can be had, and refused elsewhere."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from analytics.services import rollups
from bots.models import BotSource
from bots.tests.factories import BotInstanceFactory
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    EndpointState,
    Event,
    Notification,
    Preference,
    WebhookEndpoint,
)
from notifications.services import outbox
from notifications.services.digests import send_due_digests
from notifications.services.resending import NotSentAgain, send_again
from notifications.services.telling import tell
from notifications.tests.factories import TelegramChatFactory, WebhookEndpointFactory
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db
# A Monday, seven in the morning in UTC; the week past is 2026-W48.
NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
LIST = reverse("admin:notifications_delivery_changelist")


@pytest.fixture
def staff(client):
    client.force_login(AdminFactory.create())
    return client


def give_up(**of):
    """Give up what waits; return it."""
    Delivery.objects.filter(**of).update(
        state=DeliveryState.DEAD,
        attempts=10,
        text="",
        html="",
        finished_at=NOW,
        error="SMTPServerDisconnected",
    )
    return Delivery.objects.get(**of)


def told(user, channel=Channel.EMAIL):
    tell(
        user=user,
        event=Event.BOT_OFFLINE,
        title="Grid is offline",
        message="Silent since noon.",
        now=NOW,
    )
    return give_up(channel=channel)


def digest_of(user):
    user.email_verified = True
    user.time_zone = "UTC"
    user.save()
    bot = BotInstanceFactory.create(
        owner=user,
        account_currency="USD",
        source=BotSource.STATEMENT,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    closed_at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=closed_at - timedelta(hours=1),
        closed_at=closed_at,
        profit=Decimal(33),
        commission=0,
        swap=0,
    )
    rollups.roll_up(now=NOW)
    assert send_due_digests(now=NOW) == 1
    return give_up(recipient=user.email)


def test_a_notification_is_made_again_from_the_inbox_and_sent(alice):
    delivery = told(alice)

    send_again(delivery=delivery, now=LATER)
    outbox.send_due_mail(now=LATER, is_urgent=False)

    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Grid is offline", [alice.email])
    assert sent.body.startswith("Silent since noon.\n\n-- \n")
    assert sent.extra_headers["Message-ID"].startswith(f"<{delivery.pk}@")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error, delivery.text) == ("sent", "", "")


def test_a_webhook_and_a_chat_are_told_again(alice):
    WebhookEndpointFactory.create(user=alice)
    TelegramChatFactory.create(user=alice)
    webhook, chat = told(alice, Channel.WEBHOOK), give_up(channel=Channel.TELEGRAM)

    for delivery in (webhook, chat):
        send_again(delivery=delivery, now=LATER)
        delivery.refresh_from_db()

    assert (webhook.state, webhook.attempts, webhook.text) == ("waiting", 0, "")
    assert webhook.payload["data"]["message"] == "Silent since noon."
    assert (chat.state, chat.text) == ("waiting", "Silent since noon.")


def test_a_digest_is_written_anew_from_the_trades(alice):
    delivery = digest_of(alice)

    send_again(delivery=delivery, now=LATER)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 0)
    assert "33.00" in delivery.text
    assert "33.00" in delivery.html
    assert delivery.unsubscribe_url


def test_what_is_on_its_way_or_was_sent_is_not_sent_again(alice):
    delivery = told(alice)
    send_again(delivery=delivery, now=LATER)

    with pytest.raises(NotSentAgain):  # as another session still has it before it
        send_again(delivery=delivery, now=LATER)


def erase_inbox(delivery):
    Notification.objects.all().delete()


def change_address(delivery):
    delivery.user.email = "new@example.com"
    delivery.user.save()


def disable(delivery):
    delivery.user.is_active = False
    delivery.user.save()


def unsubscribe(delivery):
    Preference.objects.create(
        user=delivery.user,
        event=Event.BOT_OFFLINE,
        channel=Channel.EMAIL,
        is_wanted=False,
    )


@pytest.mark.parametrize("happens", [erase_inbox, change_address, disable, unsubscribe])
def test_a_mail_without_words_or_whom_to_tell_is_not_sent_again(alice, happens):
    delivery = told(alice)
    happens(delivery)
    delivery = Delivery.objects.get(pk=delivery.pk)

    with pytest.raises(NotSentAgain):
        send_again(delivery=delivery, now=LATER)

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DEAD


def test_a_paused_endpoint_is_not_told_again(alice):
    WebhookEndpointFactory.create(user=alice)
    delivery = told(alice, Channel.WEBHOOK)
    WebhookEndpoint.objects.update(state=EndpointState.PAUSED)

    with pytest.raises(NotSentAgain):
        send_again(delivery=delivery, now=LATER)


def code_given_up():
    outbox.post_mail(
        recipient="alice@example.com", subject="Your code", text="4711", now=NOW
    )
    return give_up(subject="Your code")


def test_a_code_is_never_sent_again(alice):
    with pytest.raises(NotSentAgain, match="may have held a code"):
        send_again(delivery=code_given_up(), now=LATER)


def test_the_page_of_a_message_has_the_button_only_where_it_works(staff, alice):
    works, hopeless = told(alice), code_given_up()

    def page_of(delivery):
        url = reverse("admin:notifications_delivery_change", args=[delivery.pk])
        return staff.get(url).content.decode()

    assert 'value="send_again"' in page_of(works)
    assert 'value="send_again"' not in page_of(hopeless)
    assert "may have held a code" in page_of(hopeless)


def test_staff_send_again_after_they_were_asked(staff, alice):
    delivery = told(alice)
    sent = {"action": "send_again", "_selected_action": str(delivery.pk)}

    asked = staff.post(LIST, sent).content.decode()
    delivery.refresh_from_db()
    before = delivery.state
    staff.post(LIST, {**sent, "confirmed": "1"})

    delivery.refresh_from_db()
    assert "texts were erased" in asked
    assert (before, delivery.state) == ("dead", "waiting")
    assert LogEntry.objects.get().object_id == str(delivery.pk)


def test_of_several_one_that_cannot_be_sent_leaves_all_as_they_were(staff, alice):
    works, hopeless = told(alice), code_given_up()
    sent = {
        "action": "send_again",
        "_selected_action": [str(works.pk), str(hopeless.pk)],
        "confirmed": "1",
    }

    page = staff.post(LIST, sent).content.decode()

    assert "Your code: Its text is erased" in page
    assert not Delivery.objects.filter(state=DeliveryState.WAITING).exists()


def test_the_few_given_up_are_counted_and_listed_off_their_own_index():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO deliveries (id, recipient, subject, text, html, error, state,"
            " next_attempt_at, finished_at, created_at)"
            " SELECT gen_random_uuid(), 'a@example.com', 's', '', '', '',"
            " CASE WHEN n %% 1000 = 0 THEN 'dead' ELSE 'sent' END, %s, %s,"
            " %s::timestamptz + n * interval '1 second'"
            " FROM generate_series(1, 20000) n",
            [NOW, NOW, NOW],
        )
        cursor.execute("ANALYZE deliveries")
    dead = Delivery.objects.needing_attention(NOW)

    counted = dead.values("pk")[:1000].explain()
    listed = dead.order_by("-created_at", "-pk")[:100].explain()

    assert "deliveries_dead" in counted
    assert "deliveries_dead" in listed
    assert "Sort" not in listed
