"""Issuing licenses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import (
    LONGEST_TRIAL_DAYS,
    License,
    LicenseEventType,
    LicenseType,
    Plan,
)
from licensing.services import events
from licensing.services.sealing import check_keyring
from smarttrader.lib.actors import SYSTEM, Actor
from smarttrader.lib.errors import DomainError

MOST_ACCOUNTS = 2**31 - 1  # its column is an INTEGER


class TermInvalid(DomainError):
    code = "TERM_INVALID"
    title = _("A license has to end in the future, a trial within 14 days")
    kind = "invalid"


class MaxAccountsInvalid(DomainError):
    code = "MAX_ACCOUNTS_INVALID"
    title = _("A license allows at least one account")
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
    actor: Actor = SYSTEM,
    max_accounts: int | None = None,
    days: int | None = None,
    expires_at: datetime | None = None,
    is_lifetime: bool = False,
    may_have_ended: bool = False,
    reason: str = "",
) -> IssuedLicense:
    """Issue a license; what is not given comes from the type's plan.

    It ends after `days`, at `expires_at`, or never. A trial's days begin when it is
    first activated. An end in the past is refused unless it is meant. Raises
    TermInvalid, MaxAccountsInvalid and KeyringMismatch.
    """
    plan = Plan.objects.get(license_type=license_type)
    if max_accounts is None:
        max_accounts = plan.max_accounts
    elif not 1 <= max_accounts <= MOST_ACCOUNTS:
        raise MaxAccountsInvalid
    if expires_at is not None and expires_at <= now and not may_have_ended:
        raise TermInvalid
    term = term_of(
        plan, now=now, days=days, expires_at=expires_at, is_lifetime=is_lifetime
    )
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
            **term,
        )
        events.append_event(
            license=issued,
            type=LicenseEventType.ISSUED,
            actor=actor,
            reason=reason,
            after={"license_type": license_type, "max_accounts": max_accounts, **term},
            now=now,
        )
    return IssuedLicense(issued, key)


def term_of(
    plan: Plan,
    *,
    now: datetime,
    days: int | None = None,
    expires_at: datetime | None = None,
    is_lifetime: bool = False,
) -> dict[str, Any]:
    """Return the end of a license of a plan, or the days of a trial, by field.

    Raises TermInvalid.
    """
    if plan.license_type == LicenseType.TRIAL:
        return _trial_term(plan, now, days, expires_at, is_lifetime)
    return {"expires_at": _end(plan, now, days, expires_at, is_lifetime)}


def _end(
    plan: Plan,
    now: datetime,
    days: int | None,
    expires_at: datetime | None,
    is_lifetime: bool,  # noqa: FBT001 -- as the service has it
) -> datetime | None:
    if is_lifetime:
        return None
    if expires_at is not None:
        return expires_at
    length = plan.term_days if days is None else days
    if length < 1:
        raise TermInvalid
    try:
        return now + timedelta(days=length)
    except OverflowError as error:
        raise TermInvalid(_("the end lies too far ahead")) from error


def _trial_term(
    plan: Plan,
    now: datetime,
    days: int | None,
    expires_at: datetime | None,
    is_lifetime: bool,  # noqa: FBT001 -- as the service has it
) -> dict[str, Any]:
    """Return the days that begin at the first activation, or the given end."""
    if is_lifetime:
        raise TermInvalid(_("a trial is not for ever"))
    if expires_at is not None:
        if expires_at > now + timedelta(days=LONGEST_TRIAL_DAYS):
            raise TermInvalid
        return {"expires_at": expires_at}
    length = min(plan.term_days, LONGEST_TRIAL_DAYS) if days is None else days
    if not 1 <= length <= LONGEST_TRIAL_DAYS:
        raise TermInvalid(
            _("a trial runs 1 to %(longest_trial_days)s days")
            % {"longest_trial_days": LONGEST_TRIAL_DAYS}
        )
    return {"trial_days": length}
