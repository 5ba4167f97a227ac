"""Mail on its way out: written with its cause, sent outside any transaction.

However often the server refuses, and whenever a worker is killed, a message waits for
its next attempt. It is sent twice only when a worker dies between the server's yes and
its own note of it; then both have one Message-ID.
"""

import logging
import smtplib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F

from notifications.models import (
    MOST_ERROR_CHARACTERS,
    MOST_SUBJECT_CHARACTERS,
    Channel,
    Delivery,
    DeliveryState,
)

MOST_ATTEMPTS = 10
# A claimed message is nobody else's for so long: more than a hung server can take.
CLAIMED_FOR = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MESSAGES_AT_ONCE = 100
# While the server is away nobody knocks again for so long; a try may take as long.
AWAY_SECONDS = 20
AWAY_KEY = "outbox:server-away"
KEPT = timedelta(days=7)
SERVER_ERRORS = (smtplib.SMTPException, OSError)

logger = logging.getLogger(__name__)


def post_mail(
    *,
    recipient: str,
    subject: str,
    text: str,
    now: datetime,
    html: str = "",
    unsubscribe_url: str = "",
    is_urgent: bool = False,
    idempotency_key: str | None = None,
) -> None:
    """Put a mail into the outbox, in the caller's transaction: one INSERT.

    A key that is there already makes it nothing.
    """
    delivery = Delivery(
        channel=Channel.EMAIL,
        recipient=recipient,
        subject=subject[:MOST_SUBJECT_CHARACTERS],
        text=text,
        html=html,
        unsubscribe_url=unsubscribe_url,
        is_urgent=is_urgent,
        idempotency_key=idempotency_key,
        next_attempt_at=now,
        created_at=now,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)


def send_due_mail(*, now: datetime, is_urgent: bool) -> int:
    """Send what is due, the oldest first; return how many were sent.

    Any number of workers may run it at once. A server that is away costs no message an
    attempt: all of them wait until it is back.
    """
    due = Delivery.objects.due(now).filter(channel=Channel.EMAIL, is_urgent=is_urgent)
    waiting = list(due.order_by("next_attempt_at")[:MESSAGES_AT_ONCE])
    if not waiting or cache.get(AWAY_KEY):
        return 0
    connection = get_connection()
    try:
        connection.open()
    except SERVER_ERRORS as error:
        cache.set(AWAY_KEY, 1, AWAY_SECONDS)
        logger.warning("the mail server is away: %s", type(error).__name__)
        return 0
    try:
        return sum(_send_if_ours(each, connection, now) for each in waiting)
    finally:
        connection.close()


def delete_old_deliveries(*, now: datetime) -> int:
    """Delete what was sent or given up more than a week ago; count the rows."""
    finished = Delivery.objects.exclude(state=DeliveryState.WAITING)
    deleted, _ = finished.filter(finished_at__lt=now - KEPT).delete()
    return deleted


def _send_if_ours(
    delivery: Delivery, connection: BaseEmailBackend, now: datetime
) -> bool:
    if not _claim(delivery, now):
        return False
    try:
        _message(delivery, connection).send()
    # A mail that cannot even be written must not keep the others waiting.
    except Exception as error:  # noqa: BLE001
        _note_failure(delivery, error, now)
        return False
    _finish(delivery, DeliveryState.SENT, now)
    return True


def _claim(delivery: Delivery, now: datetime) -> bool:
    """Return whether this worker is the one that sends it."""
    # The WHERE clause is the lock: of two workers one finds it still due.
    claimed = Delivery.objects.due(now).filter(pk=delivery.pk)
    delivery.attempts += 1
    return bool(
        claimed.update(attempts=F("attempts") + 1, next_attempt_at=now + CLAIMED_FOR)
    )


def _note_failure(delivery: Delivery, error: Exception, now: datetime) -> None:
    # Only the kind of it and the server's code: the rest may quote the message.
    code = getattr(error, "smtp_code", "")
    told = f"{type(error).__name__} {code}".strip()[:MOST_ERROR_CHARACTERS]
    logger.warning("delivery %s failed: %s", delivery.pk, told)
    if delivery.attempts >= MOST_ATTEMPTS:
        _finish(delivery, DeliveryState.DEAD, now, error=told)
        return
    pause = min(FIRST_PAUSE * 2 ** (delivery.attempts - 1), LONGEST_PAUSE)
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        next_attempt_at=now + pause, error=told
    )


def _finish(
    delivery: Delivery, state: DeliveryState, now: datetime, error: str = ""
) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, text="", html="", finished_at=now, error=error
    )


def _message(
    delivery: Delivery, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    message = EmailMultiAlternatives(
        delivery.subject,
        delivery.text,
        to=[delivery.recipient],
        headers={
            "Message-ID": f"<{delivery.pk}@{host}>",
            "Auto-Submitted": "auto-generated",
            **_unsubscribing(delivery.unsubscribe_url),
        },
        connection=connection,
    )
    if delivery.html:
        message.attach_alternative(delivery.html, "text/html")
    return message


def _unsubscribing(url: str) -> dict[str, str]:
    """Return the headers by which mail clients offer to unsubscribe (RFC 8058)."""
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
