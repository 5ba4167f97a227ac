"""Mail on its way out: written with its cause, sent by a task."""

import logging
import smtplib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation
from django.utils.translation import gettext as _

from notifications.models import (
    MOST_SUBJECT_CHARACTERS,
    Channel,
    Delivery,
    DeliveryState,
)
from notifications.services.attempts import Patience, Sweep
from notifications.unsubscribing import unsubscribe_url

PATIENCE = Patience(most_attempts=10, longest_pause=timedelta(hours=1))
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
    oldest = due.select_related("user").order_by("next_attempt_at")
    waiting = list(oldest[:MESSAGES_AT_ONCE])
    if not waiting or cache.get(AWAY_KEY):
        return 0
    connection = get_connection()
    try:
        connection.open()
    except SERVER_ERRORS as error:
        cache.set(AWAY_KEY, 1, AWAY_SECONDS)
        logger.warning("the mail server is away: %s", type(error).__name__)
        return 0
    sweep = Sweep(now, PATIENCE)
    try:
        return sum(
            sweep.attempt(each, lambda mail: _message(mail, connection).send())
            for each in waiting
        )
    finally:
        connection.close()


def delete_old_deliveries(*, now: datetime) -> int:
    """Delete what was sent or given up more than a week ago; count the rows.

    So long also waits what has nobody to go to: a paused endpoint, Telegram without us.
    """
    since = now - KEPT
    finished = Delivery.objects.exclude(state=DeliveryState.WAITING)
    stuck = Delivery.objects.waiting().exclude(channel=Channel.EMAIL)
    return (
        finished.filter(finished_at__lt=since).delete()[0]
        + stuck.filter(next_attempt_at__lt=since).delete()[0]
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
    if delivery.user and delivery.event:
        _let_unsubscribe(message, delivery, host)
    return message


def _unsubscribing(url: str) -> dict[str, str]:
    """Return the headers by which mail clients offer to unsubscribe (RFC 8058)."""
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _let_unsubscribe(
    message: EmailMultiAlternatives, delivery: Delivery, host: str
) -> None:
    """Add the way out of mails of this kind, in one click (RFC 8058) and in words."""
    user = delivery.user
    assert user is not None  # noqa: S101 -- for the type
    url = unsubscribe_url(user, delivery.event)
    message.extra_headers |= {
        "List-Id": f"<{delivery.event}.{host}>",
        **_unsubscribing(url),
    }
    with translation.override(user.language):
        chosen = _("Choose what you are told: {url}").format(
            url=f"{settings.SITE_URL}/settings/notifications/"
        )
        no_more = _("No more mails of this kind: {url}").format(url=url)
    message.body = f"{delivery.text}\n\n-- \n{chosen}\n{no_more}\n"
