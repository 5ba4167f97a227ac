"""What the settings page shows of the digest."""

from typing import Any

from django import template
from django.template import Context

from notifications.forms import DigestForm
from notifications.queries.digests import digest_frequency

register = template.Library()


@register.inclusion_tag("notifications/_digest_settings.html", takes_context=True)
def digest_settings(context: Context) -> dict[str, Any]:
    """Offer how often the digest comes, and a look at it."""
    chosen = digest_frequency(context["user"])
    return {
        "form": DigestForm(initial={"frequency": chosen}),
        "csrf_token": context["csrf_token"],
    }
