"""What every page says about a license that stopped a bot, or is about to."""

from typing import Any

from django import template
from django.template import Context

from bots import queries
from smarttrader.lib import clock

register = template.Library()


@register.inclusion_tag("bots/_banner.html", takes_context=True)
def license_banner(context: Context) -> dict[str, Any]:
    """Tell of the worst license of who looks, and how many there are."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return {}
    found = queries.licenses_to_mind(user, clock.now())
    return {
        "worst": found[0] if found else None,
        "others": len(found) - 1,
        "is_unverified": not user.email_verified,
    }
