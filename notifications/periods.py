"""Of which day or week a digest tells, and since when it is due."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from notifications.models import DigestFrequency

SENT_AT = time(7)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
LENGTHS = {DigestFrequency.DAILY: DAY, DigestFrequency.WEEKLY: WEEK}
# A digest that nobody could send for so long is old news.
LATEST = {
    DigestFrequency.DAILY: timedelta(hours=12),
    DigestFrequency.WEEKLY: timedelta(days=2, hours=12),
}


@dataclass(frozen=True, slots=True)
class Period:
    """The day or the ISO week that a digest tells of."""

    frequency: DigestFrequency
    start: date

    @property
    def end(self) -> date:
        return self.start + LENGTHS[self.frequency]

    @property
    def last_day(self) -> date:
        return self.end - DAY

    @property
    def key(self) -> str:
        if self.frequency == DigestFrequency.DAILY:
            return self.start.isoformat()
        return f"{self.start:%G-W%V}"


@dataclass(frozen=True, slots=True)
class Due:
    """A period, and since when its digest is due: in each zone another moment."""

    period: Period
    since: datetime


def zone_named(name: str) -> tzinfo:
    """Return a user's zone; UTC where this machine does not know it."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def latest_period(frequency: DigestFrequency, zone: tzinfo, now: datetime) -> Period:
    """Return the day or the ISO week that ended last in a zone."""
    today = now.astimezone(zone).date()
    if frequency == DigestFrequency.DAILY:
        return Period(frequency, today - DAY)
    return Period(frequency, today - today.weekday() * DAY - WEEK)


def due_in_zone(zone: tzinfo, now: datetime) -> list[Due]:
    """Return which digests a zone's users are to have by now, and since when."""
    found = []
    for frequency in LENGTHS:
        period = latest_period(frequency, zone, now)
        since = datetime.combine(period.end, SENT_AT, zone).astimezone(now.tzinfo)
        if since <= now < since + LATEST[frequency]:
            found.append(Due(period, since))
    return found
