"""Telegram's Bot API, as much of it as we use: https://core.telegram.org/bots/api."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from smarttrader.lib import outbound

TOO_MANY = 429
SERVER_ERROR = 500
# What Telegram answers of a chat that was blocked, deleted or never there.
CHAT_GONE = {400, 403}


class TelegramAway(Exception):
    """Telegram cannot be reached, or asks us to come later, in `seconds`."""

    def __init__(self, reason: str, seconds: int = 60) -> None:
        self.seconds = seconds
        super().__init__(reason)


class TelegramRefused(Exception):
    """Telegram refused a call; `status` is HTTP's."""

    def __init__(self, status: int, description: str) -> None:
        self.status = status
        self.description = description
        super().__init__(f"HTTP {status}: {description}")


@dataclass(frozen=True, slots=True)
class Said:
    """A text message of a private chat."""

    chat_id: int
    name: str
    text: str


def is_configured() -> bool:
    return bool(settings.TELEGRAM_BOT_TOKEN)


def send_message(chat_id: str, text: str, key: str) -> None:
    """Send a text. Telegram knows no idempotency key; a peer that does gets it."""
    call(
        "sendMessage",
        {
            "chat_id": int(chat_id),
            "text": text,
            "link_preview_options": {"is_disabled": True},
        },
        {"Idempotency-Key": key},
    )


def call(
    method: str, arguments: dict[str, Any], headers: dict[str, str] | None = None
) -> Any:
    """Call a method and return its result. Raises TelegramAway and TelegramRefused."""
    url = f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}"
    try:
        answer = outbound.post(
            url,
            json.dumps(arguments).encode(),
            {"Content-Type": "application/json", **(headers or {})},
            # The operator named it, not a user.
            private_networks=outbound.EVERYWHERE,
        )
    except outbound.OutboundError as error:
        raise TelegramAway(str(error)) from error
    told = _told(answer)
    if answer.status >= SERVER_ERROR:
        raise TelegramAway(f"HTTP {answer.status}")
    if answer.status == TOO_MANY:
        pause = told.get("parameters", {}).get("retry_after", 60)
        raise TelegramAway("HTTP 429", int(pause))
    if not told.get("ok"):
        raise TelegramRefused(answer.status, str(told.get("description", ""))[:200])
    return told.get("result")


def messages_after(offset: int) -> tuple[list[Said], int]:
    """Return what people wrote, and the offset that confirms all of it."""
    updates = call(
        "getUpdates",
        {"offset": offset, "timeout": 0, "allowed_updates": ["message"]},
    )
    said = [message for update in updates if (message := _said(update))]
    return said, max((update["update_id"] + 1 for update in updates), default=offset)


def _said(update: dict[str, Any]) -> Said | None:
    message = update.get("message") or {}
    chat = message.get("chat") or {}
    if chat.get("type") != "private" or not isinstance(message.get("text"), str):
        return None
    names = (chat.get("first_name"), chat.get("last_name"))
    name = " ".join(filter(None, names)) or chat.get("username") or ""
    return Said(int(chat["id"]), str(name), message["text"])


def _told(answer: outbound.Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
