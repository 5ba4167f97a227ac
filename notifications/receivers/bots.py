"""Bots that fall silent, come back, and log errors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bots.models import BotInstance
from bots.services.logs import LogLine
from bots.signals import bot_offline, bot_online, errors_logged
from notifications.models import Event
from notifications.services import news
from notifications.services.telling import Words, tell_of_bot
from notifications.services.wording import moment_of


@receiver(bot_offline)
def tell_offline(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    seen: Words = _("it was connected")
    if bot.last_heartbeat:
        seen = moment_of(bot.last_heartbeat)
    tell_of_bot(
        bot=bot,
        event=Event.BOT_OFFLINE,
        title=format_lazy(_("{bot} is offline"), bot=bot.instance_name),
        message=format_lazy(
            _("Account {account} has been silent since {seen}."),
            account=bot.mt4_account,
            seen=seen,
        ),
        now=now,
    )


@receiver(bot_online)
def tell_online(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.BOT_ONLINE,
        title=format_lazy(_("{bot} is online again"), bot=bot.instance_name),
        message=format_lazy(
            _("Account {account} reports again."), account=bot.mt4_account
        ),
        now=now,
    )


@receiver(errors_logged)
def note_errors(
    bot: BotInstance, lines: Sequence[LogLine], now: datetime, **_kwargs: Any
) -> None:
    news.note_errors(bot=bot, lines=lines, now=now)
