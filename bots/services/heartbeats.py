"""Heartbeats: a bot is alive, or has fallen silent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.db import connection, transaction

from bots.models import OFFLINE_AFTER, BotInstance, BotSource, BotStatus, Command
from bots.services import commands
from bots.signals import bot_offline, bot_online

NO_COMMAND = "none"
WRITE_HEARTBEAT = (
    Path(__file__).parent.parent / "sql" / "write_heartbeat.sql"
).read_text()


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """What a beat tells; None was not told, and keeps what is known."""

    status: BotStatus = BotStatus.RUNNING
    balance: Decimal | None = None
    equity: Decimal | None = None
    open_trades: int | None = None
    message: str | None = None
    utc_offset_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a beat is answered."""

    came_back: bool  # it had been offline
    command: str  # what the owner wants of the bot: none, pause, resume or stop
    settings_version: int


def record_heartbeat(*, bot: BotInstance, beat: Heartbeat, now: datetime) -> Heard:
    """Note that a bot is alive.

    May lose its last second in a database crash: a heartbeat is not worth waiting for
    the disk.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        return write_heartbeat(bot=bot, beat=beat, now=now)


def write_heartbeat(*, bot: BotInstance, beat: Heartbeat, now: datetime) -> Heard:
    """Note that a bot is alive, within the caller's transaction.

    One UPDATE, which locks the bot; a pending command costs one more, or two. Announces
    bot_online if bot_offline was announced before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_HEARTBEAT,
            {
                "bot_id": bot.pk,
                "now": now,
                "offline_since": now - OFFLINE_AFTER,
                "status": beat.status,
                "balance": beat.balance,
                "equity": beat.equity,
                "open_trades": beat.open_trades,
                "message": beat.message,
                "offset": beat.utc_offset_minutes,
            },
        )
        row = cursor.fetchone()
    if row is None:  # deleted or released since its token was read
        return Heard(
            came_back=False, command=NO_COMMAND, settings_version=bot.settings_version
        )
    was_silent, offline_at, settings_version, pending = row
    if offline_at is not None:
        bot_online.send(sender=BotInstance, bot=bot, now=now)
    command = None
    if pending is not None:
        command = commands.answer_heartbeat(
            bot=bot, status=beat.status, pending=Command(pending), now=now
        )
    came_back = bool(was_silent) or offline_at is not None
    return Heard(came_back, command or NO_COMMAND, settings_version)


def sweep_offline(*, now: datetime) -> int:
    """Mark bots that fell silent offline, and announce each once; return how many.

    The WHERE clause is the lock: a bot that beats meanwhile is left alone, and of two
    sweeps one marks it.
    """
    silent = BotInstance.objects.filter(
        last_heartbeat__lt=now - OFFLINE_AFTER,
        offline_at=None,
        released_at=None,
        source=BotSource.EA,
    )
    with transaction.atomic():
        # Bots that are busy beating are locked, and not silent.
        locked = silent.select_for_update(skip_locked=True, no_key=True)
        bots = list(locked.order_by("pk"))
        BotInstance.objects.filter(pk__in=[bot.pk for bot in bots]).update(
            offline_at=now
        )
        for bot in bots:
            bot_offline.send(sender=BotInstance, bot=bot, now=now)
    return len(bots)
