"""Digests: chosen by users, written once for each day or week."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from analytics.queries.periods import is_behind
from notifications import digests
from notifications.models import Digest, DigestChoice, DigestFrequency
from notifications.periods import Due
from notifications.queries.digests import digest_content, due_by_zone, users_to_send
from notifications.services import outbox

# So long a digest waits for trades that are not added up yet.
WAITS_FOR_ROLL_UP = timedelta(hours=3)
KEPT = timedelta(days=30)

log = logging.getLogger(__name__)


def choose_digest(*, user: User, frequency: DigestFrequency, now: datetime) -> None:
    """Note how often a user wants a digest."""
    DigestChoice.objects.bulk_create(
        [DigestChoice(user=user, frequency=frequency, chosen_at=now)],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["frequency", "chosen_at"],
    )


def send_due_digests(*, now: datetime) -> int:
    """Write the digests that are due into the outbox; return how many were sent.

    Any number of workers may run it at once: of two that write the same digest one
    finds it done. What one user's digest breaks on keeps no other waiting.
    """
    sent = 0
    for due, zones in due_by_zone(now).items():
        for user in users_to_send(due, zones).iterator():
            try:
                sent += _send(user, due, now)
            except Exception:
                log.exception("the digest %s of %s failed", due.period.key, user.pk)
    return sent


def delete_old_digests(*, now: datetime) -> int:
    """Forget which digests were done more than thirty days ago; count the rows."""
    deleted, _ = Digest.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _send(user: User, due: Due, now: datetime) -> bool:
    bots = user.bot_instances.values_list("pk", flat=True)
    if now < due.since + WAITS_FOR_ROLL_UP and is_behind(bots, now):
        return False
    content = digest_content(user, due.period, now)
    mail = digests.written(user, content) if content else None
    with transaction.atomic():
        _, is_ours = Digest.objects.get_or_create(
            user=user,
            period=due.period.key,
            defaults={"has_content": bool(content), "created_at": now},
        )
        if not is_ours or mail is None:
            return False
        outbox.post_mail(
            recipient=user.email,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            unsubscribe_url=mail.stop_url,
            idempotency_key=f"digest:{user.pk}:{due.period.key}",
            now=now,
        )
    return True
