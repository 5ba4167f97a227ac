"""Reads of bots and of what they run under."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.models import BotInstance, BotSettings, BotSource
from licensing.models import License, grace_days, is_held
from licensing.standing import Standing, standing_of
from smarttrader.lib.errors import DomainError

Account = tuple[str, str]  # MT4 account, server in lower case


@dataclass(frozen=True)
class RunningBot:
    """A bot with its license and owner, and what they allow it now."""

    bot: BotInstance
    standing: Standing


def running_bot(bot_id: uuid.UUID, now: datetime) -> RunningBot | None:
    """Return a bot, its license and owner by primary key, in one query."""
    bot: Any = (
        BotInstance.objects.select_related("license__user")
        .annotate(
            is_held=is_held("license_id"),
            grace_days=grace_days("license__license_type"),
        )
        .filter(pk=bot_id)
        .first()
    )
    if bot is None:
        return None
    standing = standing_of(
        bot.license, is_held=bot.is_held, grace_days=bot.grace_days or 0, now=now
    )
    return RunningBot(bot, standing)


def live_bots(license: License) -> list[BotInstance]:
    """Return the bots that take a license's slots.

    Instances that were released, or only hold an imported statement, take none.
    """
    live = BotInstance.objects.filter(
        license=license, source=BotSource.EA, released_at=None
    )
    return list(live.order_by("id"))


def account_of(bot: BotInstance) -> Account:
    """Return a bot's trading account, as slots are counted by it."""
    return bot.mt4_account, (bot.broker_server or "").lower()


def accounts_of(bots: Iterable[BotInstance]) -> set[Account]:
    return {account_of(bot) for bot in bots}


class BotNotFound(DomainError):
    code = "BOT_NOT_FOUND"
    title = "No bot has this id"
    kind = "missing"


def required_bot(text: str) -> BotInstance:
    """Return the bot of an identifier that somebody typed. Raises BotNotFound."""
    try:
        return BotInstance.objects.get(pk=uuid.UUID(text))
    except (ValueError, BotInstance.DoesNotExist) as error:
        raise BotNotFound from error


def settings_of(bot: BotInstance) -> BotSettings | None:
    """Return a bot's settings; one that only holds a statement has none."""
    return BotSettings.objects.filter(bot_instance=bot).first()
