"""News from providers: stored first, then done in one transaction with the effects."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from billing.models import MOST_ATTEMPTS, Provider, ProviderEvent
from billing.services import stripe_events

logger = logging.getLogger(__name__)


def receive_event(
    *,
    provider: Provider,
    event_id: str,
    type: str,  # noqa: A002 -- the column's own name
    occurred_at: datetime,
    payload: dict[str, Any],
    now: datetime,
) -> ProviderEvent:
    """Keep what a provider sent, once; told again it is what was kept first."""
    event = ProviderEvent(
        provider=provider,
        event_id=event_id,
        type=type,
        occurred_at=occurred_at,
        payload=payload,
        received_at=now,
    )
    ProviderEvent.objects.bulk_create([event], ignore_conflicts=True)
    return ProviderEvent.objects.get(provider=provider, event_id=event_id)


def handle_event(*, pk: UUID, now: datetime) -> bool:
    """Do what an event tells, once; return whether this call did it.

    What fails is undone and noted, and tried again by the clock. Locks the event before
    anything else, so that of many at once one does it.
    """
    try:
        with transaction.atomic():
            waiting = ProviderEvent.objects.select_for_update().filter(
                pk=pk, handled_at=None
            )
            event = waiting.first()
            if event is None:
                return False
            event.user_id = stripe_events.handle(event, now=now)
            event.handled_at, event.error = now, ""
            event.save()
            return True
    except Exception as error:
        logger.exception("event %s could not be handled", pk)
        ProviderEvent.objects.filter(pk=pk, handled_at=None).update(
            attempts=F("attempts") + 1, error=f"{type(error).__name__}: {error}"
        )
        return False


def handle_waiting(*, now: datetime) -> int:
    """Handle what was received and not handled, in the provider's order; count it."""
    waiting = ProviderEvent.objects.filter(handled_at=None, attempts__lt=MOST_ATTEMPTS)
    found = list(waiting.order_by("occurred_at", "id").values_list("pk", flat=True))
    return sum(handle_event(pk=pk, now=now) for pk in found)


def try_again(*, pk: UUID, now: datetime) -> bool:
    """Handle an event that was given up, by hand; return whether it worked now."""
    return handle_event(pk=pk, now=now)
