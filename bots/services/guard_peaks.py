"""From where drawdowns are measured: written by the guard's sweep, begun anew."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from bots.models import GuardPeak

UPSERT = (Path(__file__).parent.parent / "sql" / "upsert_peaks.sql").read_text()
COLUMNS = [field.attname for field in GuardPeak._meta.concrete_fields]


def keep_peaks(*, peaks: Sequence[GuardPeak]) -> None:
    """Write peaks as a sweep computed them from what it read, in one statement.

    Who read a version that no longer holds writes nothing.
    """
    columns: dict[str, list[Any]] = {
        name: [getattr(peak, name) for peak in peaks] for name in COLUMNS
    }
    if peaks:
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, columns)


def begin_anew(*, bot_id: UUID) -> None:
    """Let a bot's drawdown be measured from its equity at the next look."""
    GuardPeak.objects.filter(bot_instance_id=bot_id).update(
        peak=None, version=F("version") + 1
    )
