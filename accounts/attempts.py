"""How often a password may be tried on an account, counted before it is hashed."""

from django.conf import settings
from rest_framework.exceptions import Throttled

from accounts.models import normalize_email
from smarttrader.lib.rate_limits import Limit, Usage, count_call

SECONDS = 5 * 60


def count_sign_in(email: str) -> Usage:
    """Count an attempt at an account, whether it exists or not.

    By its address in the one spelling that is stored: no twin has attempts of its own.
    """
    return _count("sign_in.account", email)


def count_registration(email: str) -> Usage:
    """Count a registration of an address: each sends a mail there."""
    return _count("register.account", email)


def refuse_if_exceeded(usage: Usage) -> None:
    """Raise Throttled (429) when a limit is used up."""
    if usage.is_exceeded:
        raise Throttled(wait=usage.seconds_left)


def _count(name: str, email: str) -> Usage:
    limit = Limit(name, settings.SIGN_INS_PER_ACCOUNT, SECONDS)
    return count_call(limit, normalize_email(email))
