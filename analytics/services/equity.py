"""Equity over time: what heartbeats told of it, kept by the hour."""

from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

NOTE = (Path(__file__).parent.parent / "sql" / "note_equity.sql").read_text()
FORGET = """
DELETE FROM equity_hours USING bot_instances
WHERE bot_instance_id = bot_instances.id AND hour_start < %s
"""
# A worker that was away for so long has missed what was told meanwhile, but the latest.
LOOKS_BACK = timedelta(hours=1)
KEPT = timedelta(days=400)


def note_equity(*, now: datetime) -> int:
    """Add what each bot told last to the hour in which it told it; count these bots.

    Run each minute it costs a heartbeat nothing; of figures that are told more often
    only the latest counts. Bots come in the order of their keys.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"since": now - LOOKS_BACK})
        return int(cursor.rowcount)


def delete_old_equity(*, now: datetime) -> int:
    """Delete the hours that are no longer kept, bot by bot off the key; count them."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [now - KEPT])
        return int(cursor.rowcount)
