"""How often a sign-in may be tried, counted before a password is hashed."""

from django.conf import settings

from accounts.models import normalize_email
from smarttrader.lib.client_address import address_bucket
from smarttrader.lib.rate_limits import Limit, Usage, count_call, forget, narrowest

ACCOUNT_SECONDS = 5 * 60


def count_sign_in(*, address: str, email: str) -> Usage:
    """Count a try from an address for an account, known or not."""
    per_address = Limit("sign_in.ip", settings.SIGN_INS_PER_IP)
    usage = count_call(per_address, address_bucket(address))
    if usage.is_exceeded:
        # Who is stopped here uses up nobody's account.
        return usage
    return narrowest([usage, count_call(_per_account(), normalize_email(email))])


def forgive_account(email: str) -> None:
    """Begin the account's count anew: whoever knows the password need not guess it."""
    forget(_per_account(), normalize_email(email))


def _per_account() -> Limit:
    return Limit("sign_in.account", settings.SIGN_INS_PER_ACCOUNT, ACCOUNT_SECONDS)
