"""How the back office tells of what suspends a license."""

from django.utils.translation import gettext

from licensing.models import LicenseHold
from smarttrader.lib.localization import localized_day


def told_of(hold: LicenseHold) -> str:
    """Return who holds a license, why, and since when."""
    told = {
        "source": hold.get_source_display(),
        "reason": hold.reason or gettext("no reason"),
        "day": localized_day(hold.placed_at),
    }
    return gettext("%(source)s, since %(day)s: %(reason)s") % told
