"""Users' webhook endpoints: their secrets, their state, what they are told again."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    EndpointState,
    WebhookEndpoint,
)
from notifications.secrets import new_secret, open_secret, seal_secret
from smarttrader.lib import outbound
from smarttrader.lib.errors import DomainError
from smarttrader.lib.ids import uuid7

MOST_ENDPOINTS = 5
FORMER_SECRET_LASTS = timedelta(days=1)
TEST_EVENT = "test"


class UrlForbidden(DomainError):
    code = "URL_FORBIDDEN"
    title = "This address is not called"
    kind = "invalid"
    field = "url"


class UrlTaken(DomainError):
    code = "URL_TAKEN"
    title = "This address is called already"
    kind = "conflict"
    field = "url"


class TooManyEndpoints(DomainError):
    code = "TOO_MANY_ENDPOINTS"
    title = "There are five endpoints already"
    kind = "conflict"


class EndpointInactive(DomainError):
    code = "ENDPOINT_INACTIVE"
    title = "Switch the endpoint on first"
    kind = "conflict"


class StillWaiting(DomainError):
    code = "STILL_WAITING"
    title = "It is on its way already"
    kind = "conflict"


def add_endpoint(*, user: User, url: str, now: datetime) -> WebhookEndpoint:
    """Add an endpoint with a new secret. Locks the user.

    Raises UrlForbidden, UrlTaken and TooManyEndpoints.
    """
    try:
        outbound.check_url(url, private_networks=settings.WEBHOOK_PRIVATE_NETWORKS)
    except outbound.ForbiddenTarget as error:
        raise UrlForbidden(f"This address is not called: {error}.") from error
    try:
        with transaction.atomic():
            # Two at once would both count four.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if WebhookEndpoint.objects.filter(user=user).count() >= MOST_ENDPOINTS:
                raise TooManyEndpoints
            return WebhookEndpoint.objects.create(
                user=user, url=url, secret=seal_secret(new_secret()), created_at=now
            )
    except IntegrityError as error:
        raise UrlTaken from error


def replace_secret(*, endpoint: WebhookEndpoint, now: datetime) -> str:
    """Give an endpoint a new secret, and return it; the former signs for a day more."""
    secret = new_secret()
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        locked.former_secret = locked.secret
        locked.former_until = now + FORMER_SECRET_LASTS
        locked.secret = seal_secret(secret)
        locked.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


def secret_of(endpoint: WebhookEndpoint) -> str:
    return open_secret(endpoint.secret)


def switch_endpoint(*, endpoint: WebhookEndpoint, is_on: bool) -> None:
    """Switch an endpoint on, also one that was gone, or off; what waits stays."""
    state = EndpointState.ACTIVE if is_on else EndpointState.PAUSED
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(state=state)


def remove_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint and all that it was told."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()


def send_test(*, endpoint: WebhookEndpoint, now: datetime) -> None:
    """Put a test into the outbox. Raises EndpointInactive and StillWaiting."""
    if endpoint.state != EndpointState.ACTIVE:
        raise EndpointInactive
    test = Delivery(
        pk=uuid7(),
        user_id=endpoint.user_id,
        event=TEST_EVENT,
        channel=Channel.WEBHOOK,
        recipient=endpoint.url,
        endpoint=endpoint,
        subject="Test",
        payload={"type": TEST_EVENT, "timestamp": now.isoformat(), "data": {}},
        next_attempt_at=now,
        created_at=now,
        # One a minute, however often the button is pressed.
        idempotency_key=f"test:{endpoint.pk}:{now:%Y-%m-%dT%H:%M}",
    )
    Delivery.objects.bulk_create([test], ignore_conflicts=True)
    if not Delivery.objects.filter(pk=test.pk).exists():
        raise StillWaiting


def deliver_again(*, user: User, delivery_id: uuid.UUID, now: datetime) -> None:
    """Send a webhook again that was sent or given up; it keeps its identifier.

    Raises EndpointInactive, and StillWaiting for what is on its way.
    """
    told = Delivery.objects.filter(
        pk=delivery_id, user=user, channel=Channel.WEBHOOK
    ).exclude(state=DeliveryState.WAITING)
    if told.exclude(endpoint__state=EndpointState.ACTIVE).exists():
        raise EndpointInactive
    # Of two presses at once one finds it finished.
    if not told.update(
        state=DeliveryState.WAITING,
        attempts=0,
        next_attempt_at=now,
        finished_at=None,
        error="",
    ):
        raise StillWaiting
