"""A worker that is killed at any moment loses nothing, and a peer that looks at the
identifier of what it is told hears nothing twice.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as project_settings
from django.db import connection

from notifications.models import Channel, Delivery, DeliveryState, Event
from notifications.services import endpoints
from notifications.services.attempts import CLAIMED_FOR
from notifications.services.telling import tell
from notifications.tests import peers
from notifications.tests.factories import TelegramChatFactory
from notifications.tests.peers import MailPeer, Peer

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MESSAGES = 12  # for each kill, by each channel
LEFT_AT_LEAST = 6
ANSWER_SECONDS = 0.02
PATIENCE_SECONDS = 120
# Sweeps as beat asks for them; of the moment that the test names.
WORKER = """
import sys
from datetime import datetime
import smarttrader.celery, django
django.setup()
from notifications.services import outbox, telegram, webhooks
now = datetime.fromisoformat(sys.argv[1])
print("ready", flush=True)
while True:
    webhooks.send_due_webhooks(now=now)
    telegram.send_due_messages(now=now)
    outbox.send_due_mail(now=now, is_urgent=False)
"""


@contextmanager
def worker(now: datetime, chat: Peer, post: MailPeer) -> Iterator[None]:
    """Let a worker sweep all of the time, until the block ends; then kill it."""
    database = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}")
    process = subprocess.Popen(  # noqa: S603 -- our own code
        [sys.executable, "-c", WORKER, now.isoformat()],
        cwd=Path(project_settings.BASE_DIR),
        env={
            **os.environ,
            "DATABASE_URL": urlunsplit(url),
            "LICENSE_KEYRING": project_settings.LICENSE_KEYRING,
            "TELEGRAM_BOT_TOKEN": "1:secret",
            "TELEGRAM_API_URL": chat.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
            "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def waiting():
    return Delivery.objects.waiting().count()


def say(user, number):
    tell(user=user, event=Event.BOT_OFFLINE, title=str(number), message="", now=NOW)


@contextmanager
def slow_peers() -> Iterator[tuple[Peer, Peer, MailPeer]]:
    """Let a webhook's receiver, Telegram and SMTP take their time to answer.

    So a kill finds a worker at work: what takes no time is over before it.
    """
    slow = ANSWER_SECONDS
    hook_peer = Peer(delay_seconds=slow)
    with (
        peers.running(hook_peer) as hook,
        peers.telegram(delay_seconds=slow) as chat,
        peers.smtp() as post,
    ):
        post.delay_seconds = slow
        yield hook, chat, post


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_killed_workers_lose_nothing_and_tell_nothing_twice(alice, settings, rounds):
    dice = random.Random(7)
    kills_at_work = 0
    with slow_peers() as (hook, chat, post):
        settings.WEBHOOK_PRIVATE_NETWORKS = peers.LOOPBACK
        endpoints.add_endpoint(user=alice, url=hook.url, now=NOW)
        TelegramChatFactory.create(user=alice)

        def heard() -> int:
            return len(hook.heard) + len(chat.heard) + len(post.taken)

        now = NOW
        for kill in range(rounds):
            for number in range(MESSAGES):
                say(alice, f"{kill}.{number}")
            enough = heard() + dice.randint(1, 3 * MESSAGES - LEFT_AT_LEAST)
            with worker(now, chat, post):
                wait_until(lambda: heard() >= enough)  # noqa: B023 -- at once
                time.sleep(dice.uniform(0, ANSWER_SECONDS))
            kills_at_work += waiting() > 0
            now += CLAIMED_FOR + timedelta(minutes=1)
        with worker(now, chat, post):
            wait_until(lambda: waiting() == 0)

    # What was heard twice, by a kill between an answer and its note, has one key.
    keys_heard = {
        Channel.WEBHOOK: [each.headers["webhook-id"] for each in hook.heard],
        Channel.TELEGRAM: [each.headers["Idempotency-Key"] for each in chat.heard],
        Channel.EMAIL: [
            each["Message-ID"].strip("<>").split("@")[0] for each in post.taken
        ],
    }
    sent = Delivery.objects.filter(state=DeliveryState.SENT)
    for channel, keys in keys_heard.items():
        told = sent.filter(channel=channel).values_list("pk", flat=True)
        assert set(keys) == set(map(str, told))
        assert len(told) == MESSAGES * rounds
    assert waiting() == 0
    assert 2 * kills_at_work >= rounds  # a busy machine may kill too late
