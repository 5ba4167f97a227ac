"""What EAs write into their log, read for the doors that take it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

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
        metadata=_metadata(fields),
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


def _metadata(fields: Fields) -> dict[str, Any] | None:
    return json_object(fields, "metadata", limit=METADATA_BYTES)


def json_object(fields: Fields, name: str, *, limit: int) -> dict[str, Any] | None:
    """Stand in for Fields.json_object, which is being written."""
    if not fields.is_given(name):
        return None
    value = fields._values[name]  # noqa: SLF001 -- goes with this function
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise FieldInvalid(name, f"{name} is a JSON object.") from error
    if not isinstance(value, dict):
        raise FieldInvalid(name, f"{name} is a JSON object.")
    try:
        text = json.dumps(value, default=_number, allow_nan=False)
    except ValueError as error:
        raise FieldInvalid(name, f"{name} holds what is no number.") from error
    if len(text) > limit or "\\u0000" in text or "\\ud" in text.lower():
        raise FieldInvalid(name, f"{name} cannot be stored, or is too long.")
    plain: dict[str, Any] = json.loads(text)
    return plain


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise ValueError("not JSON")
