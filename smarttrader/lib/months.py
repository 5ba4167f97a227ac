"""Months of the calendar."""

import calendar
from datetime import MAXYEAR, UTC, datetime


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day and time so many months later, or the month's last day.

    Raises OverflowError beyond the last year that a date can tell.
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if year > MAXYEAR:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def month_of(moment: datetime) -> datetime:
    """Return the moment at which its month began in UTC."""
    return moment.astimezone(UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
