"""The audit of who got in."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import LONGEST_EMAIL, AuthEvent, AuthEventType, User
from smarttrader.lib.actors import Actor

KEPT = timedelta(days=365)  # a trigger refuses to delete what is younger


def record_event(
    *,
    type: AuthEventType,  # noqa: A002 -- the column's own name
    actor: Actor,
    now: datetime,
    user: User | None = None,
    email: str = "",
    detail: dict[str, Any] | None = None,
) -> AuthEvent:
    """Record what happened to a user, in the transaction in which it happens.

    Without a user, `email` is the address that somebody claimed.
    """
    return AuthEvent.objects.create(
        type=type,
        at=now,
        user_id=user.pk if user else None,
        email=user.email if user else email[:LONGEST_EMAIL],
        actor_type=actor.type,
        actor_id=actor.id,
        ip=actor.ip or None,
        user_agent=actor.user_agent,
        request_id=actor.request_id,
        detail=detail or {},
    )


def delete_old_events(*, now: datetime) -> int:
    """Delete what happened more than a year ago; count the rows."""
    deleted, _ = AuthEvent.objects.filter(at__lt=now - KEPT).delete()
    return deleted
