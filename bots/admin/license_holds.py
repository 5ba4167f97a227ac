"""How the back office tells of what suspends a license."""

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from accounts.models import User
from licensing.models import License, LicenseHold
from smarttrader.lib.localization import localized_day


def told_of(hold: LicenseHold, *, is_reason_told: bool = True) -> str:
    """Return who holds a license, since when and, unless it is a secret, why."""
    who_and_when = gettext("%(source)s, since %(day)s") % {
        "source": hold.get_source_display(),
        "day": localized_day(hold.placed_at),
    }
    is_told = is_reason_told and hold.reason
    return f"{who_and_when}: {hold.reason}" if is_told else who_and_when


def list_of_open(license: License, reader: User) -> str:
    """Return the open holds of a license as a list; a dash when there are none.

    What a customer's former reseller wrote is not told to the next.
    """
    holds = license.holds.open().order_by("placed_at")
    told = set(holds.visible_to(reader))
    lines = [(told_of(hold, is_reason_told=hold in told),) for hold in holds]
    if not lines:
        return "-"
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))
