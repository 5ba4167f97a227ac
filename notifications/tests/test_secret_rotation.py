"""Webhooks' secrets sealed anew under a new key, while they sign what is sent."""

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from ipaddress import ip_network

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.tests.threads import all_at_once
from notifications.models import Channel, Delivery, DeliveryState, Event
from notifications.models import WebhookEndpoint as Endpoint
from notifications.secrets import open_secret
from notifications.services import endpoints, webhooks
from notifications.services.sealing import rotate_secrets
from notifications.services.telling import tell
from notifications.tests.peers import running
from smarttrader.lib.keyring import generate_keyring

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MORE_THAN_A_BATCH = webhooks.THREADS + 3


@pytest.fixture
def peer(settings):
    settings.WEBHOOK_PRIVATE_NETWORKS = [ip_network("127.0.0.1")]
    with running() as peer:
        yield peer


@pytest.fixture
def new_ring(settings):
    """The keyring with a newer key before that which sealed until now."""
    newer = generate_keyring().replace("k1:", "k2:")
    return f"{newer},{settings.LICENSE_KEYRING}"


def add(user, url):
    return endpoints.add_endpoint(user=user, url=url, now=NOW)


def say(user):
    tell(user=user, event=Event.BOT_OFFLINE, title="Off", message="Silent.", now=NOW)


def rotated():
    out = StringIO()
    call_command("rotate_webhook_secrets", stdout=out)
    return out.getvalue().strip()


def signed_by(secret, heard):
    """Sign as the specification says, written anew."""
    named = (heard.headers["webhook-id"], heard.headers["webhook-timestamp"])
    content = ".".join(named).encode() + b"." + heard.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def signatures(heard):
    return heard.headers["webhook-signature"].split(" ")


@pytest.mark.django_db
def test_secrets_stay_what_they_are_under_the_newest_key(alice, settings, new_ring):
    endpoint = add(alice, "https://a.io/1")
    former = endpoints.secret_of(endpoint)
    secret = endpoints.replace_secret(endpoint=endpoint, now=NOW)
    other = endpoints.secret_of(add(alice, "https://a.io/2"))
    before = rotated()
    settings.LICENSE_KEYRING = new_ring

    assert [before, rotated(), rotated()] == [
        "0 secrets sealed anew",
        "2 secrets sealed anew",
        "0 secrets sealed anew",
    ]
    # What is sealed opens without the older key now.
    settings.LICENSE_KEYRING = new_ring.split(",")[0]
    stored = list(Endpoint.objects.order_by("pk"))
    assert [open_secret(each.secret) for each in stored] == [secret, other]
    assert open_secret(stored[0].former_secret) == former
    assert (stored[0].former_until, stored[1].former_secret) == (
        NOW + endpoints.FORMER_SECRET_LASTS,
        "",
    )


@pytest.mark.django_db
def test_a_former_secret_alone_under_the_older_key_is_sealed_anew(
    alice, settings, new_ring
):
    endpoint = add(alice, "https://a.io/1")
    former = endpoints.secret_of(endpoint)
    settings.LICENSE_KEYRING = new_ring
    endpoints.replace_secret(endpoint=endpoint, now=NOW)

    assert (rotate_secrets(), rotate_secrets()) == (1, 0)
    settings.LICENSE_KEYRING = new_ring.split(",")[0]
    assert open_secret(Endpoint.objects.get().former_secret) == former


@pytest.mark.django_db
def test_while_a_former_secret_lasts_both_sign_before_and_after(
    alice, peer, settings, new_ring
):
    endpoint = add(alice, peer.url)
    former = endpoints.secret_of(endpoint)
    secret = endpoints.replace_secret(endpoint=endpoint, now=NOW)
    for ring in (settings.LICENSE_KEYRING, new_ring):
        settings.LICENSE_KEYRING = ring
        rotate_secrets()
        say(alice)
        webhooks.send_due_webhooks(now=NOW)
    after = NOW + endpoints.FORMER_SECRET_LASTS
    say(alice)
    webhooks.send_due_webhooks(now=after)

    *during, last = peer.heard
    for heard in during:
        # Space delimited, each with its version: a receiver knows either secret.
        assert signatures(heard) == [
            signed_by(each, heard) for each in (secret, former)
        ]
    assert len(during) == 2
    assert signatures(last) == [signed_by(secret, last)]


@pytest.mark.django_db(transaction=True)
def test_what_is_under_way_meanwhile_is_sent_and_signed(
    alice, peer, settings, new_ring
):
    endpoint = add(alice, f"{peer.url}/hook")
    former = endpoints.secret_of(endpoint)
    secret = endpoints.replace_secret(endpoint=endpoint, now=NOW)
    for _ in range(MORE_THAN_A_BATCH):
        say(alice)
    settings.LICENSE_KEYRING = new_ring
    counts = []

    def rotate_amid(_heard):
        # The sweep has read all of its messages, and waits for this answer.
        try:
            counts.append(rotate_secrets())
        finally:
            connection.close()
        return 200, b"{}"

    peer.answers = {"/hook": rotate_amid}
    sent = webhooks.send_due_webhooks(now=NOW)

    assert (sent, sum(counts)) == (MORE_THAN_A_BATCH, 1)
    for heard in peer.heard:
        assert signatures(heard) == [
            signed_by(each, heard) for each in (secret, former)
        ]
    ids = [heard.headers["webhook-id"] for heard in peer.heard]
    assert len(ids) == len(set(ids)) == MORE_THAN_A_BATCH
    of_webhook = Delivery.objects.filter(channel=Channel.WEBHOOK)
    states = of_webhook.values_list("state", flat=True).order_by("state").distinct()
    assert list(states) == [DeliveryState.SENT]


@pytest.mark.django_db(transaction=True)
def test_a_secret_that_is_replaced_meanwhile_stays(alice, settings, new_ring, rounds):
    older = settings.LICENSE_KEYRING
    for number in range(rounds):
        settings.LICENSE_KEYRING = older
        endpoint = add(alice, f"https://a.io/{number}")
        original = endpoints.secret_of(endpoint)
        settings.LICENSE_KEYRING = new_ring

        replace = partial(endpoints.replace_secret, endpoint=endpoint, now=NOW)
        both: list[Callable[[], int | str]] = [rotate_secrets, replace]
        _, secret = all_at_once(both)
        rotate_secrets()

        stored = Endpoint.objects.get(pk=endpoint.pk)
        assert open_secret(stored.secret) == secret
        assert open_secret(stored.former_secret) == original
        assert stored.secret.startswith("k2.")
        assert stored.former_secret.startswith("k2.")
        endpoints.remove_endpoint(endpoint=endpoint)


@pytest.mark.django_db
def test_a_run_that_was_stopped_is_gone_on_with(alice, settings, new_ring):
    first, broken, last = (add(alice, f"https://a.io/{each}") for each in "123")
    Endpoint.objects.filter(pk=broken.pk).update(secret="k9.unknown")
    settings.LICENSE_KEYRING = new_ring

    with pytest.raises(ValueError, match="not sealed by any key"):
        rotate_secrets()
    names = Endpoint.objects.order_by("pk").values_list("secret", flat=True)
    assert [secret[:2] for secret in names] == ["k2", "k9", "k1"]
    endpoints.remove_endpoint(endpoint=broken)

    assert rotate_secrets() == 1
    assert endpoints.secret_of(Endpoint.objects.get(pk=last.pk)) == (
        endpoints.secret_of(last)
    )
    assert Endpoint.objects.get(pk=first.pk).secret.startswith("k2.")


@pytest.mark.django_db
def test_a_worker_without_the_newer_key_loses_nothing(alice, peer, settings, new_ring):
    endpoint = add(alice, peer.url)
    secret = endpoints.secret_of(endpoint)
    say(alice)
    older, settings.LICENSE_KEYRING = settings.LICENSE_KEYRING, new_ring
    rotate_secrets()

    settings.LICENSE_KEYRING = older
    webhooks.send_due_webhooks(now=NOW)
    waiting = Delivery.objects.get(channel=Channel.WEBHOOK)
    assert (peer.heard, waiting.state) == ([], DeliveryState.WAITING)
    settings.LICENSE_KEYRING = new_ring
    webhooks.send_due_webhooks(now=NOW + MINUTE)

    (heard,) = peer.heard
    assert signatures(heard) == [signed_by(secret, heard)]
    assert heard.headers["webhook-id"] == str(waiting.pk)
