"""Telegram: chats linked by a code, and messages on their way out."""

import hashlib
import logging
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from notifications import telegram_api
from notifications.models import (
    Channel,
    Delivery,
    TelegramChat,
    TelegramCode,
)
from notifications.services.attempts import Patience, Refusal, Sweep, outcome
from notifications.telegram_api import Said, TelegramAway, TelegramRefused
from smarttrader.lib.text import clean_text

PATIENCE = Patience(most_attempts=10, longest_pause=timedelta(hours=1))
MESSAGES_AT_ONCE = 100
MOST_CHARACTERS = 4096  # of a message of Telegram
MOST_POLLS = 10
CODE_BYTES = 12
CODE_LASTS = timedelta(minutes=15)
LONGEST_NAME = 100
COMMAND = re.compile(r"/(start|stop)(?:@\w+)?(?:\s+(\S+))?\s*")

logger = logging.getLogger(__name__)


class ChatGone(Refusal):
    """The chat was blocked or deleted: it is not told again."""


def offer_code(*, user: User, now: datetime) -> str:
    """Return a new code that links the chat which sends it; earlier ones are void."""
    code = secrets.token_urlsafe(CODE_BYTES)
    TelegramCode.objects.update_or_create(
        user=user,
        defaults={"digest": _digest(code), "expires_at": now + CODE_LASTS},
    )
    return code


def unlink_chat(*, user: User) -> bool:
    """Forget a user's chat, and what waits for it; return whether there was one."""
    with transaction.atomic():
        TelegramCode.objects.filter(user=user).delete()
        Delivery.objects.waiting().filter(user=user, channel=Channel.TELEGRAM).delete()
        return bool(TelegramChat.objects.filter(user=user).delete()[0])


def read_messages(*, now: datetime) -> int:
    """Ask Telegram what people wrote, and link or forget chats; return how many.

    A batch is confirmed by the next call, after it was handled: what a killed worker
    had read comes again, and its codes are used up.
    """
    changed, offset = 0, 0
    if not telegram_api.is_configured():
        return 0
    try:
        for _poll in range(MOST_POLLS):
            said, following = telegram_api.messages_after(offset)
            changed += sum(_obey(each, now) for each in said)
            if following == offset:
                break
            offset = following
    except (TelegramAway, TelegramRefused) as error:
        logger.warning("Telegram does not tell what people wrote: %s", error)
    return changed


def send_due_messages(*, now: datetime) -> int:
    """Send what is due, the oldest first; return how many were sent.

    Any number of workers may run it at once. While Telegram is away no message loses
    an attempt. A chat that Telegram refuses is not told again until it is linked anew.
    """
    if not telegram_api.is_configured():
        return 0
    due = Delivery.objects.due(now).filter(channel=Channel.TELEGRAM)
    sweep = Sweep(now, PATIENCE)
    sent = 0
    for delivery in due.order_by("next_attempt_at")[:MESSAGES_AT_ONCE]:
        if not sweep.claim(delivery):
            continue
        error = outcome(_send, delivery)
        if isinstance(error, TelegramAway):
            sweep.give_back(delivery, timedelta(seconds=error.seconds))
            logger.warning("Telegram is away: %s", error)
            break
        if isinstance(error, ChatGone):
            TelegramChat.objects.filter(
                chat_id=int(delivery.recipient), blocked_at=None
            ).update(blocked_at=now)
        sent += sweep.settle(delivery, error)
    return sent


def _send(delivery: Delivery) -> None:
    text = f"{delivery.subject}\n{delivery.text}".strip()[:MOST_CHARACTERS]
    try:
        telegram_api.send_message(delivery.recipient, text, str(delivery.pk))
    except TelegramRefused as error:
        if error.status in telegram_api.CHAT_GONE:
            raise ChatGone(f"HTTP {error.status}: Telegram refuses the chat") from error
        raise


def _obey(said: Said, now: datetime) -> bool:
    command = COMMAND.fullmatch(said.text)
    if command is None:
        return False
    if command[1] == "stop":
        return bool(TelegramChat.objects.filter(chat_id=said.chat_id).delete()[0])
    return bool(command[2]) and _link(said, command[2], now)


def _link(said: Said, code: str, now: datetime) -> bool:
    with transaction.atomic():
        # The row is the right to link: of two that send it, one deletes it.
        offered = TelegramCode.objects.select_for_update().filter(
            digest=_digest(code), expires_at__gt=now
        )
        found = offered.select_related("user").first()
        if found is None:
            return False
        user = found.user  # deleting forgets it: it is the key
        found.delete()
        TelegramChat.objects.update_or_create(
            user=user,
            defaults={
                "chat_id": said.chat_id,
                "name": _clean(said.name),
                "linked_at": now,
                "blocked_at": None,
            },
        )
        _greet(user, said.chat_id, now)
    return True


def _greet(user: User, chat_id: int, now: datetime) -> None:
    with translation.override(user.language):
        Delivery.objects.create(
            user=user,
            channel=Channel.TELEGRAM,
            recipient=str(chat_id),
            subject=_("This chat is linked to {email}.").format(email=user.email),
            text=_("Choose what you are told: {url}").format(
                url=f"{settings.SITE_URL}/settings/notifications/"
            ),
            next_attempt_at=now,
            created_at=now,
        )


def _clean(name: str) -> str:
    try:
        return clean_text(name, limit=LONGEST_NAME)
    except ValueError:  # an attacker's, whose message must not come again for ever
        return ""


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
