"""Webhooks on their way out, as Standard Webhooks says: signed, and told again."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction

from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    EndpointState,
    WebhookEndpoint,
)
from notifications.secrets import SECRET_PREFIX, open_secret
from notifications.services.attempts import Failure, Patience, Refusal, Sweep, outcome
from smarttrader.lib import outbound

# Twelve attempts in about a day.
PATIENCE = Patience(most_attempts=12, longest_pause=timedelta(hours=8))
MESSAGES_AT_ONCE = 200
# A server that hangs keeps one of so many from the others, for ten seconds.
THREADS = 10
USER_AGENT = "SmartStockTrader-Webhooks/1"
GONE = 410


class EndpointGone(Refusal):
    """The endpoint wants to hear no more: HTTP 410."""


def send_due_webhooks(*, now: datetime) -> int:
    """Send what is due to endpoints that are active; return how many were taken.

    Any number of workers may run it at once. An endpoint that answers 410 is gone, and
    with it what waits for it.
    """
    due = Delivery.objects.due(now).filter(
        channel=Channel.WEBHOOK, endpoint__state=EndpointState.ACTIVE
    )
    oldest = due.select_related("endpoint").order_by("next_attempt_at")
    waiting = list(oldest[:MESSAGES_AT_ONCE])
    sweep = Sweep(now, PATIENCE)
    sent = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(waiting), THREADS):
            batch = waiting[first : first + THREADS]
            ours = [delivery for delivery in batch if sweep.claim(delivery)]
            # The threads ask nothing of the database.
            ask = partial(outcome, partial(_send, now=sweep.now))
            for delivery, error in zip(ours, pool.map(ask, ours), strict=True):
                sent += sweep.settle(delivery, error)
                if isinstance(error, EndpointGone):
                    _close(delivery, sweep.now)
    return sent


def signature(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,<base64>` of HMAC-SHA256 over id, moment and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _send(delivery: Delivery, *, now: datetime) -> None:
    endpoint = delivery.endpoint
    assert endpoint is not None  # noqa: S101 -- a CHECK
    body = json.dumps(delivery.payload, separators=(",", ":")).encode()
    try:
        answer = outbound.post(
            endpoint.url,
            body,
            _headers(endpoint, str(delivery.pk), now, body),
            private_networks=settings.WEBHOOK_PRIVATE_NETWORKS,
        )
    except outbound.OutboundError as error:
        raise Failure(str(error)) from error
    if answer.status == GONE:
        raise EndpointGone("HTTP 410: the endpoint wants to hear no more")
    if not answer.is_success:
        raise Failure(f"HTTP {answer.status}")


def _headers(
    endpoint: WebhookEndpoint, delivery_id: str, now: datetime, body: bytes
) -> dict[str, str]:
    timestamp = int(now.timestamp())
    secrets = [open_secret(endpoint.secret)]
    if endpoint.former_until and now < endpoint.former_until:
        secrets.append(open_secret(endpoint.former_secret))
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            signature(secret, delivery_id, timestamp, body) for secret in secrets
        ),
    }


def _close(delivery: Delivery, now: datetime) -> None:
    with transaction.atomic():
        WebhookEndpoint.objects.filter(deliveries=delivery).update(
            state=EndpointState.GONE
        )
        Delivery.objects.filter(
            endpoint=delivery.endpoint_id, state=DeliveryState.WAITING
        ).update(
            state=DeliveryState.DEAD, finished_at=now, error="the endpoint is gone"
        )
