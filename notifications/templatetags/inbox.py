"""What every page tells of the inbox: how much in it is unread."""

from django import template
from django.template import Context

from notifications.queries.inbox import MOST_COUNTED, unread_count

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_notifications(context: Context) -> int:
    """Return how many notifications of who looks are unread; see `at_most`."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return 0
    return unread_count(user)


@register.filter
def at_most(count: int) -> str:
    """Write a number of unread ones, of which no more than 99 are told."""
    return str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"
