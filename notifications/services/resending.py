"""Sending again what was given up: what is left of it, or made anew from its source.

The text of a mail is erased when it is given up, as it may hold a code. A webhook keeps
its payload; a notification stands in the inbox, too; a digest is added up from trades.
Codes and other mails of the account have no source, and are asked for anew.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications import digests
from notifications.models import (
    Channel,
    Delivery,
    DeliveryState,
    DigestFrequency,
    Event,
    Notification,
)
from notifications.periods import Period
from notifications.queries.digests import digest_content, digest_frequency
from notifications.services.telling import places_of, wanted_channels
from smarttrader.lib.errors import DomainError

DIGEST_KEY = re.compile(
    r"digest:(?P<user>[0-9a-f-]{36}):"
    r"(?:(?P<day>\d{4}-\d\d-\d\d)|(?P<year>\d{4})-W(?P<week>\d\d))"
)


class NotSentAgain(DomainError):
    code = "NOT_SENT_AGAIN"
    title = _("Its text is erased, and it has no source that it could be made from")
    kind = "conflict"


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says: of a webhook nothing but its payload, which it kept."""

    subject: str
    text: str = ""
    html: str = ""
    unsubscribe_url: str = ""


def content_again(delivery: Delivery, *, now: datetime) -> Content:
    """Return what a message that was given up would say now. Raises NotSentAgain."""
    if delivery.state != DeliveryState.DEAD:
        raise NotSentAgain(_("It was sent, or is on its way"))
    if not delivery.recipient:
        raise NotSentAgain(_("Its recipient was deleted and is forgotten"))
    if digest := DIGEST_KEY.fullmatch(delivery.idempotency_key or ""):
        return _of_digest(delivery, digest, now)
    if delivery.user is None:
        raise NotSentAgain(
            _("Its text is erased, as it may have held a code: have a new one sent")
        )
    _check_place(delivery, delivery.user)
    if delivery.channel == Channel.WEBHOOK:
        return Content(delivery.subject)
    return _of_inbox(delivery, delivery.user)


def send_again(*, delivery: Delivery, now: datetime) -> None:
    """Put a message that was given up into the outbox again, under its identifier.

    Locks nothing: of two at once one finds it given up. Raises NotSentAgain.
    """
    content = content_again(delivery, now=now)
    given_up = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.DEAD)
    if not given_up.update(
        state=DeliveryState.WAITING,
        attempts=0,
        next_attempt_at=now,
        finished_at=None,
        error="",
        subject=content.subject,
        text=content.text,
        html=content.html,
        unsubscribe_url=content.unsubscribe_url,
    ):
        raise NotSentAgain(_("It was sent, or is on its way"))


def _check_place(delivery: Delivery, user: User) -> None:
    """Refuse to write where its user is not reached any more, or does not want it."""
    channel = Channel(delivery.channel)
    places = [each["recipient"] for each in places_of(user, channel)]
    if not user.is_active or delivery.recipient not in places:
        raise NotSentAgain(
            _("Its user is not reached there any more: switched off, or changed")
        )
    # A test of an endpoint is no event that anybody chose.
    is_event = delivery.event in Event.values
    if is_event and channel not in wanted_channels(user, Event(delivery.event)):
        raise NotSentAgain(_("Its user does not want such messages there any more"))


def _of_inbox(delivery: Delivery, user: User) -> Content:
    told = Notification.objects.filter(
        user=user,
        created_at=delivery.created_at,
        title=delivery.subject,
        metadata__event=delivery.event,
    ).first()
    if told is None:
        raise NotSentAgain(
            _("Its text is erased, and the inbox of its user does not have it either")
        )
    return Content(delivery.subject, told.message)


def _of_digest(delivery: Delivery, key: re.Match[str], now: datetime) -> Content:
    user = User.objects.filter(
        pk=key["user"], is_active=True, email_verified=True, email=delivery.recipient
    ).first()
    period = _period(key)
    if user is None or digest_frequency(user) != period.frequency:
        raise NotSentAgain(_("Its user has another address, or wants no such digest"))
    content = digest_content(user, period, now)
    if not content:
        raise NotSentAgain(_("There is nothing left to tell of its days"))
    mail = digests.written(user, content)
    return Content(mail.subject, mail.text, mail.html, mail.stop_url)


def _period(key: re.Match[str]) -> Period:
    if key["day"]:
        return Period(DigestFrequency.DAILY, date.fromisoformat(key["day"]))
    begins = date.fromisocalendar(int(key["year"]), int(key["week"]), 1)
    return Period(DigestFrequency.WEEKLY, begins)
