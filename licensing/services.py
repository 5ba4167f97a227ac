"""Writes to licenses."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import KeyCheck, License, LicenseType, Plan
from smarttrader.lib.errors import DomainError

KEY_CHECK_TEXT = "the keyring that seals license keys"
MOST_ACCOUNTS = 2**31 - 1  # its column is an INTEGER


class KeyringMismatch(DomainError):
    code = "KEYRING_MISMATCH"
    title = "This keyring did not seal the database's license keys"


class TermInvalid(DomainError):
    code = "TERM_INVALID"
    title = "A license has to end in the future"
    kind = "invalid"


class MaxAccountsInvalid(DomainError):
    code = "MAX_ACCOUNTS_INVALID"
    title = "A license allows at least one account"
    kind = "invalid"


@dataclass(frozen=True)
class IssuedLicense:
    license: License
    key: str  # in its printed form; stored sealed, so this is the moment to show it


def issue_license(
    *,
    user: User,
    license_type: LicenseType,
    now: datetime,
    max_accounts: int | None = None,
    expires_at: datetime | None = None,
    is_lifetime: bool = False,
) -> IssuedLicense:
    """Issue a license; what is not given comes from the type's plan.

    Raises TermInvalid, MaxAccountsInvalid and KeyringMismatch.
    """
    plan = Plan.objects.get(license_type=license_type)
    if max_accounts is None:
        max_accounts = plan.max_accounts
    elif not 1 <= max_accounts <= MOST_ACCOUNTS:
        raise MaxAccountsInvalid
    if is_lifetime:
        expires_at = None
    elif expires_at is None:
        expires_at = now + timedelta(days=plan.term_days)
    elif expires_at <= now:
        raise TermInvalid
    key = keys.generate_key()
    with transaction.atomic():
        check_keyring()
        issued = License.objects.create(
            user=user,
            license_key=current_keyring().seal(keys.canonical_key(key)),
            key_tail=keys.key_tail(key),
            license_type=license_type,
            max_accounts=max_accounts,
            issued_at=now,
            expires_at=expires_at,
        )
    return IssuedLicense(issued, key)


def check_keyring() -> None:
    """Make sure that the mounted keyring is the one that sealed the stored keys.

    The first call of a new database remembers the keyring. Raises KeyringMismatch.
    """
    ring = current_keyring()
    check, _ = KeyCheck.objects.get_or_create(
        defaults={"sealed": ring.seal(KEY_CHECK_TEXT)}
    )
    try:
        ring.open(check.sealed)
    except ValueError as error:
        raise KeyringMismatch(
            "the mounted keyring did not seal this database's license keys:"
            " mount the right LICENSE_KEYRING_FILE"
        ) from error
