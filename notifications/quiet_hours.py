"""Hours in which nobody wants to be woken, in their own time zone."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from accounts.models import User
from notifications.periods import zone_named

DAY = timedelta(days=1)


def end_of_quiet(user: User, now: datetime) -> datetime:
    """Return when a user's quiet hours end, or `now` outside of them.

    An hour that the clocks skip ends as if they had not been changed yet; one that
    they repeat ends the first time.
    """
    if user.quiet_from is None or user.quiet_until is None:
        return now
    zone = zone_named(user.time_zone)
    today = now.astimezone(zone).date()
    # Those of last night may last until this morning.
    for day in (today - DAY, today):
        end_day = day if user.quiet_from < user.quiet_until else day + DAY
        start = _moment(day, user.quiet_from, zone)
        end = _moment(end_day, user.quiet_until, zone)
        if start <= now < end:
            return end
    return now


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    # In UTC, since Python compares the times of one zone by their clocks.
    return datetime.combine(day, at, zone).astimezone(UTC)
