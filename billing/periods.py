"""Periods of subscriptions: half-open in UTC, the next starts where one ends."""

import calendar
from datetime import UTC, datetime, timedelta

from billing.models import LIFETIME_END, BillingCycle

MONTHS = {BillingCycle.MONTHLY: 1, BillingCycle.YEARLY: 12}
LENGTHS = [BillingCycle.MONTHLY, BillingCycle.YEARLY, BillingCycle.LIFETIME]


def is_longer(cycle: BillingCycle, than: BillingCycle) -> bool:
    return LENGTHS.index(cycle) > LENGTHS.index(than)


def period_end(start: datetime, cycle: BillingCycle, anchor_day: int) -> datetime:
    """Return where the period that starts at a moment ends.

    On the anchor day of its last month, or on that month's last day: Jan 31, Feb 28,
    Mar 31. Computed from the start and the anchor day, so that a short month does not
    shorten those after it.
    """
    if cycle == BillingCycle.LIFETIME:
        return LIFETIME_END
    start = start.astimezone(UTC)
    months = start.year * 12 + start.month - 1 + MONTHS[cycle]
    year, month = divmod(months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(anchor_day, last_day))


def next_start(
    end: datetime, *, grace_days: int, now: datetime
) -> tuple[datetime, bool]:
    """Return where the period that is paid now starts, and whether it begins anew.

    Early, or late within the days of grace, at the end of the one before; later than
    that, now.
    """
    if now >= end + timedelta(days=grace_days):
        return now, True
    return end, False
