"""Heartbeats: a bot is alive."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from bots.models import OFFLINE_AFTER, BotInstance, BotStatus


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

    One UPDATE of columns that no btree holds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE bot_instances SET
                last_heartbeat = %(now)s,
                started_at = CASE
                    WHEN %(status)s = 'running' AND status <> 'running'
                        OR started_at IS NULL
                    THEN %(now)s ELSE started_at END,
                stopped_at = CASE
                    WHEN %(status)s = 'stopped' AND status <> 'stopped'
                    THEN %(now)s ELSE stopped_at END,
                status = %(status)s,
                balance = coalesce(%(balance)s, balance),
                equity = coalesce(%(equity)s, equity),
                open_trades = coalesce(%(open_trades)s, open_trades),
                heartbeat_message = coalesce(%(message)s, ''),
                utc_offset_minutes = coalesce(%(offset)s, utc_offset_minutes)
            WHERE id = %(bot_id)s
            RETURNING old.last_heartbeat < %(offline_since)s, new.settings_version
            """,
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
    came_back, settings_version = row or (False, bot.settings_version)
    return Heard(bool(came_back), "none", settings_version)
