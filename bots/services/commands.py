"""Commands to bots: queued by the owner, delivered and acknowledged by heartbeats."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bots.models import (
    STATUS_OF_COMMAND,
    BotCommand,
    BotInstance,
    BotStatus,
    Command,
)
from bots.services import guard_holds
from bots.services.locks import locked_bot
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError

PENDING = Q(acknowledged_at=None, superseded_at=None)


class BotNotConnected(DomainError):
    code = "BOT_NOT_CONNECTED"
    title = _("No EA of this bot is active, so nothing could hear the command")
    kind = "conflict"


def queue_command(
    *, bot: BotInstance, command: Command, actor: Actor, now: datetime
) -> BotCommand:
    """Queue a command, in place of one that the bot has not acknowledged yet.

    To resume lifts what the risk guard holds. Locks the bot. Raises BotNotFound, and
    BotNotConnected for a bot that was released, or only holds a statement.
    """
    with transaction.atomic():
        locked = locked_bot(bot.pk)
        if not locked.is_connected:
            raise BotNotConnected
        forget_commands([locked.pk], now=now)
        if command == Command.RESUME:
            guard_holds.lift_by_hand(bot=locked, actor=actor, now=now)
        BotInstance.objects.filter(pk=locked.pk).update(
            pending_command=command, updated_at=now
        )
        return BotCommand.objects.create(
            bot_instance=locked,
            command=command,
            queued_by_type=actor.type,
            queued_by=actor.id,
            queued_at=now,
        )


def forget_commands(bot_ids: Collection[UUID], *, now: datetime) -> None:
    """Supersede what bots were told but did not acknowledge: nobody waits for it.

    The caller holds the locks of the bots.
    """
    BotCommand.objects.filter(PENDING, bot_instance_id__in=bot_ids).update(
        superseded_at=now
    )
    BotInstance.objects.filter(pk__in=bot_ids).update(pending_command=None)


def answer_heartbeat(
    *, bot: BotInstance, status: BotStatus, pending: Command, now: datetime
) -> Command | None:
    """Return the command that a heartbeat is answered, if it does not acknowledge it.

    A status acknowledges the command that was delivered before. Until it does, each
    heartbeat delivers the command again: a reply may be lost on its way. The caller
    holds the bot's lock.
    """
    if STATUS_OF_COMMAND[pending] == status and _acknowledge(bot, now):
        BotInstance.objects.filter(pk=bot.pk).update(pending_command=None)
        return None
    BotCommand.objects.filter(
        PENDING, bot_instance_id=bot.pk, delivered_at=None
    ).update(delivered_at=now)
    return pending


def _acknowledge(bot: BotInstance, now: datetime) -> bool:
    delivered = BotCommand.objects.filter(PENDING, bot_instance_id=bot.pk).exclude(
        delivered_at=None
    )
    return bool(delivered.update(acknowledged_at=now))
