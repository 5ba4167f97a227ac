"""What EAs write into their log, read for the doors that take it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bots.models import LogCategory, LogLevel
from bots.services.logs import LogLine, RecordedLogs
from smarttrader.jobs.partitions import BOT_LOGS
from smarttrader.lib.ea.batch import Counts
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import FieldInvalid

LONGEST_MESSAGE = 10_000
METADATA_BYTES = 16 * 1024
BIGGEST_INTEGER = 2**63 - 1
RETENTION = timedelta(days=BOT_LOGS.retention_days or 0)
LEVELS = {level.lower(): level.value for level in LogLevel}
CATEGORIES = {category.lower(): category.value for category in LogCategory}


def log_of(fields: Fields, *, now: datetime) -> LogLine:
    """Return what an item writes into the log. Raises FieldInvalid."""
    level = _required_choice(fields, "log_level", LEVELS)
    category = _required_choice(fields, "category", CATEGORIES)
    return LogLine(
        level=LogLevel(level),
        category=LogCategory(category),
        message=fields.required_text("message", limit=LONGEST_MESSAGE),
        metadata=fields.json_object("metadata", limit=METADATA_BYTES),
        created_at=_created_at(fields, now),
        client_seq=fields.integer("client_seq", smallest=0, largest=BIGGEST_INTEGER),
    )


def log_counts(recorded: RecordedLogs) -> Counts:
    return Counts(recorded.created, unchanged=recorded.unchanged)


def _required_choice(fields: Fields, name: str, spellings: Mapping[str, str]) -> str:
    value = fields.choice(name, spellings)
    if value is None:
        raise FieldInvalid(name, f"{name} is missing.")
    return value


def _created_at(fields: Fields, now: datetime) -> datetime | None:
    created_at = fields.moment("created_at", now=now)
    if created_at is not None and created_at < now - RETENTION:
        days = RETENTION.days
        raise FieldInvalid("created_at", f"Logs are kept for {days} days.", "TOO_OLD")
    return created_at
