"""What is killed or fails amid a webhook loses nothing, and leaves no half."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.tests.factories import UserFactory
from billing.models import (
    MOST_ATTEMPTS,
    BillingCycle,
    Provider,
    ProviderEvent,
    Subscription,
)
from billing.periods import period_end
from billing.services import provider_events
from billing.tests import stripe_payloads as stripe
from billing.tests.stripe_payloads import at, event, send
from billing.tests.webhook_world import cycle, errors, ledger, started

pytestmark = pytest.mark.django_db
LONGEST_SECONDS = 60
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stripe_is_set_up(settings):
    settings.STRIPE_WEBHOOK_SECRET = stripe.SECRET


def test_a_crash_between_receiving_and_handling_loses_nothing(alice):
    told = event("invoice.paid", stripe.invoice(alice, "pi_1"), at=at(1))
    provider_events.receive_event(
        provider=Provider.STRIPE,
        event_id=told["id"],
        type=told["type"],
        occurred_at=at(1),
        payload=told,
        now=NOW,
    )  # and here the process is killed

    done = [provider_events.handle_waiting(now=NOW) for _ in range(2)]

    assert (done, ledger()) == ([1, 0], (1, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_a_kill_amid_handling_loses_nothing_and_does_nothing_twice():
    user = UserFactory.create()
    subscription = started(user)
    told = event("invoice.paid", cycle(user, "pi_2"), at=at(2))

    with transaction.atomic():
        Subscription.objects.select_for_update().get()
        process = sending(told)
        wait_until(somebody_waits)
        process.kill()
        process.wait()
    killed = (ProviderEvent.objects.filter(handled_at=None).count(), ledger())
    done = [provider_events.handle_waiting(now=NOW) for _ in range(2)]

    before = subscription.current_period_end
    subscription.refresh_from_db()
    assert killed == (1, (1, 1, 1))
    assert (done, errors(), ledger()) == ([1, 0], [], (2, 2, 2))
    assert subscription.current_period_end == period_end(
        before, BillingCycle.MONTHLY, subscription.anchor_day
    )


def sending(told):
    """Send an event from a process of its own, into this test's database."""
    url = urlsplit(os.environ["DATABASE_URL"])
    path = f"/{connection.settings_dict['NAME']}"
    code = (
        "import json, sys; from django.test import Client;"
        " from billing.tests.stripe_payloads import send;"
        " send(json.load(sys.stdin), client=Client(headers={'host': 'localhost'}))"
    )
    process = subprocess.Popen(  # noqa: S603 -- our own manage.py
        [sys.executable, "manage.py", "shell", "-c", code],
        cwd=Path(settings.BASE_DIR),
        env={
            **os.environ,
            "DATABASE_URL": urlunsplit(url._replace(path=path)),
            "STRIPE_WEBHOOK_SECRET": stripe.SECRET,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(told))
    process.stdin.close()
    return process


def somebody_waits():
    """Tell whether another session waits for what this transaction has locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
            " AND transactionid = pg_current_xact_id()::xid)"
        )
        return cursor.fetchone()[0]


def wait_until(is_so):
    give_up = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_what_fails_leaves_no_half_and_is_tried_again(alice):
    subscription = started(alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE invoices ADD CONSTRAINT broken CHECK (total < 0) NOT VALID"
        )
    status = send(event("invoice.paid", cycle(alice, "pi_2"), at=at(2)))
    broken = (errors(), ledger())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invoices DROP CONSTRAINT broken")

    done = provider_events.handle_waiting(now=NOW)

    before = subscription.current_period_end
    subscription.refresh_from_db()
    assert (status, broken) == (200, (["IntegrityError"], (1, 1, 1)))
    assert (done, errors(), ledger()) == (1, [], (2, 2, 2))
    assert subscription.current_period_end > before


def test_an_event_that_never_works_is_given_up_and_kept(alice):
    send(event("customer.subscription.deleted", stripe.subscription(), at=at(2)))

    tries = [provider_events.handle_waiting(now=NOW) for _ in range(40)]

    kept = ProviderEvent.objects.get()
    assert tries == [0] * 40
    assert kept.attempts == MOST_ATTEMPTS
    assert kept.error.startswith("NotKnownYet")
