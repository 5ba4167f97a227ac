"""Webhooks: signed, told again, given up; nobody is told twice who looks at the id."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network

import pytest

from accounts.tests.threads import all_at_once
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    EndpointState,
    Event,
    WebhookEndpoint,
)
from notifications.secrets import new_secret, seal_secret
from notifications.services import endpoints, outbox, webhooks
from notifications.services.attempts import CLAIMED_FOR
from notifications.services.telling import tell
from notifications.tests.factories import WebhookEndpointFactory
from notifications.tests.peers import running

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def local_peers_are_called(settings):
    settings.WEBHOOK_PRIVATE_NETWORKS = [ip_network("127.0.0.1")]


@pytest.fixture
def peer():
    with running() as peer:
        yield peer


@pytest.fixture
def endpoint(alice, peer):
    return endpoints.add_endpoint(user=alice, url=f"{peer.url}/hook", now=NOW)


def say(user, **given):
    fields = {"title": "Grid is offline", "message": "Silent.", "now": NOW}
    tell(user=user, event=Event.BOT_OFFLINE, **{**fields, **given})


def sweep(now=NOW):
    return webhooks.send_due_webhooks(now=now)


def the_delivery():
    return Delivery.objects.get(channel=Channel.WEBHOOK)


def expected_signature(secret, heard):
    """Sign as the specification says, written anew."""
    named = (heard.headers["webhook-id"], heard.headers["webhook-timestamp"])
    content = ".".join(named).encode() + b"." + heard.body
    key = base64.b64decode(secret.split("_")[1])
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def test_a_request_is_signed_as_standard_webhooks_says(alice, peer, endpoint):
    say(alice, metadata={"bot_id": "7"})

    assert (sweep(), sweep(NOW + DAY)) == (1, 0)

    (heard,) = peer.heard
    assert (heard.path, heard.json) == (
        "/hook",
        {
            "type": "bot_offline",
            "timestamp": "2026-11-25T12:00:00+00:00",
            "data": {
                "title": "Grid is offline",
                "message": "Silent.",
                "bot_id": "7",
            },
        },
    )
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["webhook-id"] == str(the_delivery().pk)
    assert heard.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    secret = endpoints.secret_of(endpoint)
    assert heard.headers["webhook-signature"] == expected_signature(secret, heard)
    assert the_delivery().state == DeliveryState.SENT


def test_signature_of_the_specifications_example():
    signed = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_sealed_and_a_former_one_signs_for_a_day(alice, peer, endpoint):
    former = endpoints.secret_of(endpoint)
    secret = endpoints.replace_secret(endpoint=endpoint, now=NOW)
    say(alice)
    say(alice, now=NOW + DAY)

    sweep()
    sweep(NOW + DAY)

    first, second = peer.heard
    signatures = [expected_signature(each, first) for each in (secret, former)]
    assert first.headers["webhook-signature"] == " ".join(signatures)
    assert second.headers["webhook-signature"] == expected_signature(secret, second)
    stored = WebhookEndpoint.objects.get()
    for sealed in (stored.secret, stored.former_secret):
        assert secret not in sealed
        assert former not in sealed


def test_a_server_that_fails_is_asked_for_a_day_then_given_up(alice, peer, endpoint):
    peer.status = 500
    say(alice)

    pauses, now = [], NOW
    while the_delivery().state == DeliveryState.WAITING:
        sweep(now)
        pauses.append((the_delivery().next_attempt_at - now) // MINUTE)
        now = max(now, the_delivery().next_attempt_at)

    assert pauses[:-1] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 480, 480]
    assert (the_delivery().state, the_delivery().error) == ("dead", "HTTP 500")
    assert len({heard.headers["webhook-id"] for heard in peer.heard}) == 1
    assert len(peer.heard) == webhooks.PATIENCE.most_attempts


def test_a_server_that_comes_back_is_told(alice, peer, endpoint):
    peer.status = 503
    say(alice)
    sweep()
    peer.status = 204

    assert sweep(NOW + MINUTE) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure(alice, peer, endpoint, status):
    peer.status, peer.headers = status, {"Location": f"{peer.url}/elsewhere"}
    say(alice)

    sweep()

    assert [heard.path for heard in peer.heard] == ["/hook"]
    assert the_delivery().error == f"HTTP {status}"


def test_an_endpoint_that_answers_410_is_called_no_more(alice, peer, endpoint):
    peer.status = 410
    say(alice)
    say(alice)
    later = NOW + MINUTE
    of_webhook = Delivery.objects.filter(channel=Channel.WEBHOOK)
    of_webhook.filter(pk=of_webhook.earliest("pk").pk).update(next_attempt_at=later)

    sweep()
    say(alice)
    sweep(later)

    assert len(peer.heard) == 1
    assert WebhookEndpoint.objects.get().state == EndpointState.GONE
    states = Delivery.objects.filter(channel=Channel.WEBHOOK).values_list("state")
    assert list(states) == [("dead",), ("dead",)]
    with pytest.raises(endpoints.EndpointInactive):
        endpoints.send_test(endpoint=WebhookEndpoint.objects.get(), now=NOW)


def test_without_the_setting_a_local_server_is_not_called(
    alice, peer, endpoint, settings
):
    settings.WEBHOOK_PRIVATE_NETWORKS = []
    say(alice)

    sweep()

    assert peer.heard == []
    assert the_delivery().error == "only https:// is called"
    with pytest.raises(endpoints.UrlForbidden):
        endpoints.add_endpoint(user=alice, url="https://[::ffff:7f00:1]/", now=NOW)


def test_one_that_hangs_or_is_away_keeps_no_other_waiting(alice, peer, endpoint):
    with running() as other:
        away = other.url
    WebhookEndpointFactory.create(
        user=alice, url=away, secret=seal_secret(new_secret())
    )
    say(alice)

    assert sweep() == 1
    errors = Delivery.objects.filter(channel=Channel.WEBHOOK).values_list("error")
    assert sorted(errors) == [("",), ("no connection: ConnectionRefusedError",)]


def test_what_was_told_is_told_again_under_the_same_id(alice, charlie, peer, endpoint):
    say(alice)
    sweep()
    told = the_delivery()
    with pytest.raises(endpoints.StillWaiting):
        endpoints.deliver_again(user=charlie, delivery_id=told.pk, now=NOW)

    endpoints.deliver_again(user=alice, delivery_id=told.pk, now=NOW + DAY)
    with pytest.raises(endpoints.StillWaiting):
        endpoints.deliver_again(user=alice, delivery_id=told.pk, now=NOW + DAY)
    sweep(NOW + DAY)

    first, second = peer.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.json == second.json


def test_a_test_is_sent_once_a_minute(alice, peer, endpoint):
    endpoints.send_test(endpoint=endpoint, now=NOW)
    with pytest.raises(endpoints.StillWaiting):
        endpoints.send_test(endpoint=endpoint, now=NOW + timedelta(seconds=59))
    endpoints.send_test(endpoint=endpoint, now=NOW + MINUTE)

    assert sweep(NOW + MINUTE) == 2
    assert peer.heard[0].json["type"] == "test"


def test_a_paused_endpoint_gets_what_waited_when_it_is_on_again(alice, peer, endpoint):
    say(alice)
    endpoints.switch_endpoint(endpoint=endpoint, is_on=False)

    assert sweep() == 0
    endpoints.switch_endpoint(endpoint=endpoint, is_on=True)
    assert sweep() == 1


def test_a_user_has_five_endpoints_and_each_once(alice, charlie, endpoint):
    with pytest.raises(endpoints.UrlTaken):
        endpoints.add_endpoint(user=alice, url=endpoint.url, now=NOW)
    endpoints.add_endpoint(user=charlie, url=endpoint.url, now=NOW)
    for number in range(4):
        endpoints.add_endpoint(user=alice, url=f"https://a.io/{number}", now=NOW)

    with pytest.raises(endpoints.TooManyEndpoints):
        endpoints.add_endpoint(user=alice, url="https://a.io/5", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_endpoints_that_are_added_at_once_are_five_at_most(alice):
    def add(number):
        try:
            endpoints.add_endpoint(user=alice, url=f"https://a.io/{number}", now=NOW)
        except endpoints.TooManyEndpoints:
            return 0
        return 1

    added = all_at_once([partial(add, number) for number in range(8)])

    assert sum(added) == WebhookEndpoint.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_tell_none_twice(alice, rounds):
    with running() as peer:
        endpoints.add_endpoint(user=alice, url=peer.url, now=NOW)
        for _ in range(rounds):
            peer.heard.clear()
            for _ in range(10):
                say(alice)

            counts = all_at_once([sweep] * 3)

            ids = [heard.headers["webhook-id"] for heard in peer.heard]
            assert sum(counts) == len(ids) == len(set(ids)) == 10


def test_what_a_dead_worker_had_claimed_is_told_later(alice, peer, endpoint):
    say(alice)
    Delivery.objects.update(attempts=1, next_attempt_at=NOW + CLAIMED_FOR)

    assert (sweep(), sweep(NOW + CLAIMED_FOR)) == (0, 1)


def test_finished_webhooks_are_deleted_after_a_week(alice, peer, endpoint):
    say(alice)
    sweep()

    outbox.delete_old_deliveries(now=NOW + 7 * DAY + MINUTE)

    assert not Delivery.objects.filter(channel=Channel.WEBHOOK).exists()
