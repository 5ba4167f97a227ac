"""Mail waits in the outbox, with its cause, until a worker has sent it."""

import smtplib
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

from accounts.tests.threads import all_at_once
from notifications.models import Delivery, DeliveryState
from notifications.services import outbox
from notifications.services.attempts import CLAIMED_FOR
from notifications.tests import peers

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CODE = "7K2P9X"


class AwayBackend(EmailBackend):
    """A server that nobody can reach."""

    def open(self):
        raise ConnectionRefusedError


class RefusingBackend(EmailBackend):
    """A server that takes connections, and no mail; its refusal quotes the mail."""

    def send_messages(self, messages):
        raise smtplib.SMTPDataError(451, messages[0].body.encode())


class WatchingBackend(EmailBackend):
    """A server that sees whether a transaction waits for it."""

    was_in_transaction: ClassVar[list[bool]] = []

    def send_messages(self, messages):
        self.was_in_transaction.append(connection.in_atomic_block)
        return super().send_messages(messages)


@pytest.fixture
def server(settings):
    def use(backend):
        settings.EMAIL_BACKEND = f"{backend.__module__}.{backend.__qualname__}"

    return use


def post(recipient="alice@example.com", **given):
    fields = {"subject": "Your code", "text": CODE, "is_urgent": True, "now": NOW}
    outbox.post_mail(recipient=recipient, **{**fields, **given})


def sweep(now=NOW, *, is_urgent=True):
    return outbox.send_due_mail(now=now, is_urgent=is_urgent)


def test_a_mail_is_sent_once_and_its_text_erased():
    post(html="<p>code</p>")

    sent = [sweep(), sweep(NOW + timedelta(days=1))]

    delivery = Delivery.objects.get()
    assert sent == [1, 0]
    assert [message.body for message in mail.outbox] == [CODE]
    assert "<p>code</p>" in mail.outbox[0].message().as_string()
    assert (delivery.state, delivery.text, delivery.html, delivery.finished_at) == (
        DeliveryState.SENT,
        "",
        "",
        NOW,
    )


def test_the_message_id_is_the_deliverys(settings):
    settings.SITE_URL = "https://trader.example.com:8443"
    post()

    sweep()

    expected = f"<{Delivery.objects.get().pk}@trader.example.com>"
    assert mail.outbox[0].message()["Message-ID"] == expected


def test_a_mail_goes_with_the_transaction_of_its_cause():
    with transaction.atomic():
        post()
        transaction.set_rollback(True)

    assert sweep() == 0
    assert mail.outbox == []


def test_urgent_and_ordinary_mail_are_swept_apart():
    post("urgent@example.com")
    post("ordinary@example.com", is_urgent=False)

    urgent = sweep()
    ordinary = sweep(is_urgent=False)

    assert (urgent, ordinary) == (1, 1)
    assert [message.to for message in mail.outbox] == [
        ["urgent@example.com"],
        ["ordinary@example.com"],
    ]


def test_a_cause_that_is_announced_twice_is_one_mail():
    post(idempotency_key="expiry:1")
    post(idempotency_key="expiry:1")
    post()
    post()

    assert sweep() == 3


def test_a_server_that_is_away_costs_no_attempt(server, settings):
    post()
    working = settings.EMAIL_BACKEND
    server(AwayBackend)

    assert [sweep(NOW + hour * 60 * MINUTE) for hour in range(20)] == [0] * 20

    assert Delivery.objects.get().attempts == 0
    settings.EMAIL_BACKEND = working
    cache.delete(outbox.AWAY_KEY)
    assert sweep() == 1


def test_while_the_server_is_away_nobody_knocks_again(server, settings):
    post()
    working = settings.EMAIL_BACKEND
    server(AwayBackend)
    sweep()
    settings.EMAIL_BACKEND = working

    assert sweep() == 0
    assert mail.outbox == []


def test_a_refused_mail_waits_longer_each_time(server):
    server(RefusingBackend)
    post()

    pauses = []
    now = NOW
    for _ in range(outbox.PATIENCE.most_attempts - 1):
        sweep(now)
        due_at = Delivery.objects.get().next_attempt_at
        pauses.append((due_at - now) // MINUTE)
        now = due_at

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_mail_that_is_refused_too_often_is_given_up_and_erased(server, caplog):
    server(RefusingBackend)
    post()

    for hour in range(outbox.PATIENCE.most_attempts + 1):
        sweep(NOW + hour * 60 * MINUTE)

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.text, delivery.error) == (
        DeliveryState.DEAD,
        outbox.PATIENCE.most_attempts,
        "",
        "SMTPDataError 451",
    )
    assert CODE not in caplog.text


def test_a_mail_that_cannot_be_written_keeps_no_other_waiting():
    post(subject="two\nlines")
    post("charlie@example.com")

    assert sweep() == 1
    assert Delivery.objects.get(attempts=1, state="waiting").error == "BadHeaderError"


def test_what_a_dead_worker_had_claimed_is_sent_later():
    post()
    Delivery.objects.update(attempts=1, next_attempt_at=NOW + CLAIMED_FOR)

    assert sweep(NOW + CLAIMED_FOR - timedelta(seconds=1)) == 0
    assert sweep(NOW + CLAIMED_FOR) == 1


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_mail_is_sent(server):
    server(WatchingBackend)
    post()

    sweep()

    assert WatchingBackend.was_in_transaction == [False]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_none_twice(rounds):
    for _ in range(rounds):
        for number in range(10):
            post(f"user{number}@example.com")
        mail.outbox.clear()

        counts = all_at_once([sweep] * 4)

        assert sum(counts) == 10
        assert sorted(message.to[0] for message in mail.outbox) == [
            f"user{number}@example.com" for number in range(10)
        ]


def test_finished_deliveries_are_deleted_after_a_week():
    post()
    sweep()
    post("waiting@example.com")
    week = timedelta(days=7)

    assert outbox.delete_old_deliveries(now=NOW + week) == 0
    assert outbox.delete_old_deliveries(now=NOW + week + MINUTE) == 1
    assert Delivery.objects.get().recipient == "waiting@example.com"


def test_what_has_nobody_to_go_to_waits_for_a_week(alice):
    Delivery.objects.create(
        user=alice, channel="telegram", recipient="7", next_attempt_at=NOW
    )
    post()
    week = timedelta(days=7)

    assert outbox.delete_old_deliveries(now=NOW + week) == 0
    assert outbox.delete_old_deliveries(now=NOW + week + MINUTE) == 1
    assert Delivery.objects.get().channel == "email"


def test_a_broken_mail_server_delays_then_delivers(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", peers.free_port()
    post(html="<p>code</p>")

    away = sweep()
    cache.delete(outbox.AWAY_KEY)
    with peers.smtp(settings.EMAIL_PORT) as server:
        server.refusal = "451 later"
        refused = sweep()
        server.refusal = ""
        sent = sweep(NOW + MINUTE)

    assert (away, refused, sent) == (0, 0, 1)
    (message,) = server.taken
    assert (message["To"], message["Subject"]) == ("alice@example.com", "Your code")
    assert f"<{Delivery.objects.get().pk}@" in message["Message-ID"]
    body = message.get_body(["plain"])
    assert body is not None
    assert body.get_content().strip() == CODE
