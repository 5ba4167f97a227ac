"""Releasing a bot instance: its slot is free, its tokens end."""

from datetime import datetime

from django.db.models import F

from bots.models import BotInstance, BotStatus


def release(*, bot: BotInstance, now: datetime) -> bool:
    """Free a bot's slot and end all of its tokens; tell whether it held one.

    The WHERE clause is the lock: of two racing releases one frees the slot. What the
    bot traded stays, and an activation of the same account revives it.
    """
    released = BotInstance.objects.filter(pk=bot.pk, released_at=None).update(
        released_at=now,
        stopped_at=now,
        status=BotStatus.STOPPED,
        token_version=F("token_version") + 1,
        updated_at=now,
    )
    return bool(released)
