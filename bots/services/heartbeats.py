"""Heartbeats: a bot is alive, or has fallen silent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from bots.models import OFFLINE_AFTER, BotInstance, BotSource, BotStatus, Command
from bots.services import commands
from bots.signals import bot_offline, bot_online
from smarttrader.lib.database import prepared_cursor

NO_COMMAND = "none"
Row = tuple[Any, ...]
SQL = Path(__file__).parent.parent / "sql"
BEAT = (SQL / "beat.sql").read_text()
# Read when the transaction ends, so the statement that needs no disk may say so itself.
FLEETING_BEAT = f"{BEAT}, set_config('synchronous_commit', 'off', true)"
QUIET_BEAT = FLEETING_BEAT.replace(
    "WHERE id = %(bot_id)s",
    "WHERE id = %(bot_id)s AND offline_at IS NULL AND pending_command IS NULL",
)


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
    the disk. Nearly always it is one statement that is its own transaction.
    """
    row = _beat(bot, beat, now, if_quiet=True)
    if row is not None:
        was_silent, _, settings_version, _ = row
        return Heard(bool(was_silent), NO_COMMAND, settings_version)
    with transaction.atomic():
        return _heard(bot, beat, _beat(bot, beat, now, is_durable=False), now)


def write_heartbeat(*, bot: BotInstance, beat: Heartbeat, now: datetime) -> Heard:
    """Note that a bot is alive, within the caller's transaction.

    One UPDATE, which locks the bot; a pending command costs one more, or two. Announces
    bot_online if bot_offline was announced before.
    """
    return _heard(bot, beat, _beat(bot, beat, now), now)


def _heard(bot: BotInstance, beat: Heartbeat, row: Row | None, now: datetime) -> Heard:
    """Do what a beat entails, and return what it is answered."""
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


def _beat(
    bot: BotInstance,
    beat: Heartbeat,
    now: datetime,
    *,
    if_quiet: bool = False,
    is_durable: bool = True,
) -> Row | None:
    """Run the UPDATE; with `if_quiet` only where nothing else is to be done."""
    with prepared_cursor() as cursor:
        cursor.execute(
            QUIET_BEAT if if_quiet else BEAT if is_durable else FLEETING_BEAT,
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
        row: Row | None = cursor.fetchone()
    return row and row[:4]


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
        locked = silent.select_for_update(of=("self",), skip_locked=True, no_key=True)
        bots = list(locked.select_related("user").order_by("pk"))
        BotInstance.objects.filter(pk__in=[bot.pk for bot in bots]).update(
            offline_at=now
        )
        for bot in bots:
            bot_offline.send(sender=BotInstance, bot=bot, now=now)
    return len(bots)
