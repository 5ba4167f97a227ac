"""Writing what a bot logs, or what we tell its owner about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from smarttrader.jobs.partitions import BOT_LOGS, write_to_partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    level: LogLevel
    category: LogCategory
    message: str
    metadata: dict[str, Any] | None = None


def write_logs(*, bot: BotInstance, logs: Sequence[LogLine], now: datetime) -> int:
    """Write log lines of a bot, dated now; return how many."""
    if not logs:
        return 0
    rows = [
        BotLog(
            bot_instance=bot,
            log_level=line.level,
            category=line.category,
            message=line.message,
            metadata=line.metadata,
            created_at=now,
        )
        for line in logs
    ]
    write_to_partitions(
        BOT_LOGS, [now], lambda: BotLog.objects.bulk_create(rows), now=now
    )
    return len(rows)
