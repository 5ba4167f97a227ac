"""The audit of who got in."""

from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django.db import transaction

from accounts.models import LONGEST_EMAIL, AuthEvent, AuthEventType, User
from accounts.signals import new_sign_in
from smarttrader.lib.actors import Actor
from smarttrader.lib.client_address import address_bucket

SIGN_INS = (AuthEventType.SIGNED_IN, AuthEventType.TOKEN_ISSUED)
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

    Without a user, `email` is the address that somebody claimed. Announces new_sign_in.
    """
    event = AuthEvent(
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
    with transaction.atomic():
        is_new_place = user is not None and type in SIGN_INS and _is_new_place(event)
        event.save(force_insert=True)
        if is_new_place:
            new_sign_in.send(sender=AuthEvent, user=user, event=event, now=now)
    return event


def _is_new_place(event: AuthEvent) -> bool:
    """Tell whether a user who signed in before never did so from here.

    IPv6 by its /64, as limits know it. Who signs in for the first time is told nothing.
    """
    before = AuthEvent.objects.filter(user_id=event.user_id, type__in=SIGN_INS)
    if event.ip is None or not before.exists():
        return False
    network = ip_network(address_bucket(event.ip), strict=False)
    ends = (str(network[0]), str(network[-1]))
    return not before.filter(ip__range=ends).exists()


def delete_old_events(*, now: datetime) -> int:
    """Delete what happened more than a year ago; count the rows."""
    deleted, _ = AuthEvent.objects.filter(at__lt=now - KEPT).delete()
    return deleted
