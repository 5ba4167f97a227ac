"""How often a password may be tried on an account, counted before it is hashed."""

from django.conf import settings
from rest_framework.exceptions import Throttled

from accounts.models import normalize_email
from smarttrader.lib.client_address import address_bucket
from smarttrader.lib.rate_limits import Limit, Usage, count_call, forget

SECONDS = 5 * 60


def count_sign_in(email: str) -> Usage:
    """Count an attempt at an account, whether it exists or not.

    By its address in the one spelling that is stored: no twin has attempts of its own.
    """
    return _count("sign_in.account", email)


def count_sign_in_from(address: str) -> Usage:
    """Count an attempt from an address, with those of the API's SignInThrottle."""
    limit = Limit("sign_in.ip", settings.SIGN_INS_PER_IP)
    return count_call(limit, address_bucket(address))


def count_code(email: str) -> Usage:
    """Count a try of a second factor's code.

    By itself, because the right password forgives the tries of passwords.
    """
    return _count("code.account", email)


def forgive_codes(email: str) -> None:
    """Begin the count of codes anew: theirs was right."""
    forget(_limit("code.account"), normalize_email(email))


def forgive_account(email: str) -> None:
    """Begin an account's count anew: whoever knows the password need not guess it."""
    forget(_limit("sign_in.account"), normalize_email(email))


def count_registration(email: str) -> Usage:
    """Count a call that sends a mail to an address: a registration, or for a code."""
    return _count("register.account", email)


def count_verification(email: str) -> Usage:
    """Count a try of the code that was mailed to an address."""
    return _count("verify.account", email)


def refuse_if_exceeded(usage: Usage) -> None:
    """Raise Throttled (429) when a limit is used up."""
    if usage.is_exceeded:
        raise Throttled(wait=usage.seconds_left)


def _count(name: str, email: str) -> Usage:
    return count_call(_limit(name), normalize_email(email))


def _limit(name: str) -> Limit:
    return Limit(name, settings.SIGN_INS_PER_ACCOUNT, SECONDS)
