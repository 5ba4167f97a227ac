"""Writing what a bot logs, or what we tell its owner about it."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from bots.models import BotInstance, LogCategory, LogLevel
from bots.signals import errors_logged
from smarttrader.jobs.partitions import BOT_LOGS, write_to_partitions
from smarttrader.lib.ids import RANDOM_BYTES, placed_uuid7

SQL = Path(__file__).parent.parent / "sql"
RETRY_SPAN = timedelta(hours=1)
AFTER_THE_TIME = 14  # characters of an identifier that tell its milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a bot's log; without `created_at` it is of the moment it is written.

    `client_seq` is the EA's own count: a line that comes with it is stored once.
    `metadata` is a JSON object, its numbers int or float.
    """

    level: LogLevel
    category: LogCategory
    message: str
    metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    client_seq: int | None = None


@dataclass(frozen=True, slots=True)
class RecordedLogs:
    """How many lines were new, and how many were stored before."""

    created: int = 0
    unchanged: int = 0


def record_logs(
    *, bot: BotInstance, logs: Sequence[LogLine], now: datetime
) -> RecordedLogs:
    """Write log lines of a bot, all or none; those stored before count as unchanged.

    The same (client_seq, created_at, message) is the same line for as long as it is
    kept. Without `created_at` it is for an hour: a counter that restarts says it anew.
    Makes missing partitions. Raises OutsidePartitions for a line past the retention.
    """
    return write_to_partitions(
        {BOT_LOGS: log_moments(logs, now=now)},
        partial(write_logs, bot=bot, logs=logs, now=now),
        now=now,
    )


def log_moments(logs: Sequence[LogLine], *, now: datetime) -> list[datetime]:
    """Return the partition keys of log lines."""
    return [line.created_at or now for line in logs]


def write_logs(
    *, bot: BotInstance, logs: Sequence[LogLine], now: datetime
) -> RecordedLogs:
    """Write log lines as `record_logs` does, within the caller's transaction.

    The caller has made the partitions, and locks nothing more after numbered lines. One
    statement; two more, of which one waits for the bot's other calls of this kind, for
    numbered lines without a time. Announces errors_logged.
    """
    rows = {
        identifier: line
        for place, line in enumerate(logs)
        if (identifier := _identifier(bot, line, place, now))
    }
    for stored in _received_before(bot, rows, now):
        del rows[stored]
    created = _insert(bot, rows, now) if rows else []
    errors = [
        rows[identifier]
        for identifier in created
        if rows[identifier].level == LogLevel.ERROR
    ]
    if errors:
        errors_logged.send(sender=BotInstance, bot=bot, lines=errors, now=now)
    return RecordedLogs(len(created), len(logs) - len(created))


def _identifier(bot: BotInstance, line: LogLine, place: int, now: datetime) -> UUID:
    """Return an id by which lines of one moment keep their order on the page."""
    if line.client_seq is None:
        return placed_uuid7(line.created_at or now, place, os.urandom(RANDOM_BYTES))
    return placed_uuid7(
        line.created_at or now,
        line.client_seq,
        bot.pk.bytes,
        str(line.client_seq),
        # An id keeps milliseconds, a time has microseconds.
        line.created_at.isoformat() if line.created_at else "received",
        line.message,
    )


def _received_before(
    bot: BotInstance, rows: dict[UUID, LogLine], now: datetime
) -> list[UUID]:
    """Return which numbered lines without a time were stored within the last hour.

    All of such a line's id but its time says what it is, so a retry shows by that.
    """
    by_tail = {
        str(identifier)[AFTER_THE_TIME:]: identifier
        for identifier, line in rows.items()
        if line.client_seq is not None and line.created_at is None
    }
    if not by_tail:
        return []
    with connection.cursor() as cursor:
        # Of two retries at once, the second has to see what the first stores.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('bot_logs'), hashtext(%s))",
            [str(bot.pk)],
        )
        cursor.execute(
            _statement("received_logs"),
            {
                "bot_instance_id": bot.pk,
                "since": now - RETRY_SPAN,
                "tails": list(by_tail),
            },
        )
        return [by_tail[tail] for (tail,) in cursor.fetchall()]


def _insert(bot: BotInstance, rows: dict[UUID, LogLine], now: datetime) -> list[UUID]:
    lines = list(rows.values())
    columns: dict[str, Any] = {
        "bot_instance_id": bot.pk,
        "id": list(rows),
        "log_level": [line.level for line in lines],
        "category": [line.category for line in lines],
        "message": [line.message for line in lines],
        "metadata": [_as_json(line.metadata) for line in lines],
        "created_at": log_moments(lines, now=now),
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement("insert_logs"), columns)
        return [identifier for (identifier,) in cursor.fetchall()]


def _as_json(metadata: dict[str, Any] | None) -> str | None:
    return None if metadata is None else json.dumps(metadata)


@cache
def _statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
