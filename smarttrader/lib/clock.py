"""The clock, for doors only: everything below them is given `now`."""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return timezone.now()  # noqa: TID251 -- the one place that reads it


def start_of_day(moment: datetime) -> datetime:
    """Return the midnight before a moment, in the zone of who asks."""
    local = timezone.localtime(moment)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
