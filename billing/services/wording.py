"""What invoices and credit notes call what was paid for, in their buyer's language.

Written once, when they are issued: a paper does not change with who looks at it.
"""

from datetime import UTC, datetime

from django.utils import translation
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Renewal, Subscription
from smarttrader.lib.localization import localized_date

REFUNDED = gettext_lazy("Refund")
LOST = gettext_lazy("Taken back by the bank")


def period_text(subscription: Subscription, renewal: Renewal) -> str:
    with translation.override(subscription.user.language):
        start = _day(renewal.period_start)
        if subscription.is_lifetime:
            return _("%(plan)s, from %(day)s") % {"plan": subscription, "day": start}
        return f"{subscription} {start} … {_day(renewal.period_end)}"


def upgrade_text(subscription: Subscription, now: datetime) -> str:
    with translation.override(subscription.user.language):
        return _("Upgrade to %(plan)s, from %(moment)s UTC") % {
            "plan": subscription,
            "moment": localized_date(now.astimezone(UTC), "j M Y H:i"),
        }


def rest_text(subscription: Subscription) -> str:
    with translation.override(subscription.user.language):
        return _("Rest of %(plan)s") % {"plan": subscription}


def refund_text(reason: str) -> str | Promise:
    """Return why money went back, to be written in the language of its invoice."""
    return format_lazy("{}: {}", REFUNDED, reason) if reason else REFUNDED


def _day(moment: datetime) -> str:
    return localized_date(moment.astimezone(UTC), "j M Y")
