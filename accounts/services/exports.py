"""The audit of files that left the back office."""

from datetime import datetime

from accounts.models import AuthEvent, AuthEventType, ExportedFile, User
from accounts.services.events import record_event
from smarttrader.lib.actors import Actor


def record_export(
    *, file: ExportedFile, rows: int, user: User, actor: Actor, now: datetime
) -> AuthEvent:
    """Record that somebody takes so many rows away as a file, before any leaves."""
    return record_event(
        type=AuthEventType.EXPORTED,
        actor=actor,
        user=user,
        detail={"file": file.value, "rows": rows},
        now=now,
    )
