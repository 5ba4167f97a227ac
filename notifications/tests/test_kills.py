"""A worker that is killed at any moment loses nothing, and a peer that looks at the
identifier of what it is told hears nothing twice.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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
MESSAGES = 40
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


def test_killed_workers_lose_nothing_and_tell_nothing_twice(alice, settings, rounds):
    dice = random.Random(7)
    with peers.running() as hook, peers.telegram() as chat, peers.smtp() as post:
        settings.WEBHOOK_PRIVATE_NETWORKS = peers.LOOPBACK
        endpoints.add_endpoint(user=alice, url=hook.url, now=NOW)
        TelegramChatFactory.create(user=alice)
        for number in range(MESSAGES):
            tell(
                user=alice,
                event=Event.BOT_OFFLINE,
                title=str(number),
                message="",
                now=NOW,
            )
        now = NOW
        for _kill in range(rounds):
            with worker(now, chat, post):
                time.sleep(dice.uniform(0, 0.2))
            now += CLAIMED_FOR + timedelta(minutes=1)
        with worker(now, chat, post):
            deadline = time.monotonic() + 120
            while waiting() and time.monotonic() < deadline:
                time.sleep(0.1)

    # What was heard twice, by a kill between an answer and its note, has one key.
    heard = {
        Channel.WEBHOOK: [each.headers["webhook-id"] for each in hook.heard],
        Channel.TELEGRAM: [each.headers["Idempotency-Key"] for each in chat.heard],
        Channel.EMAIL: [
            each["Message-ID"].strip("<>").split("@")[0] for each in post.taken
        ],
    }
    sent = Delivery.objects.filter(state=DeliveryState.SENT)
    for channel, keys in heard.items():
        told = sent.filter(channel=channel).values_list("pk", flat=True)
        assert set(keys) == set(map(str, told))
        assert len(told) == MESSAGES
    assert waiting() == 0
