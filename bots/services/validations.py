"""Validation: what a key is good for. Never takes a slot, never waits for a lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from bots import queries
from licensing import queries as licensing
from licensing.models import License, LicenseType
from licensing.services import hardware, trials
from licensing.standing import Standing, current_standing

TOLD_AT_MOST_EACH = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class ValidationRequest:
    license_key: str
    mt4_account: str | None = None
    broker_server: str | None = None
    hardware_id: str | None = None
    is_live: bool = False


@dataclass(frozen=True)
class Validation:
    """`code` is VALID, GRACE or a refusal's; no license, no further figures."""

    code: str
    message: str
    license: License | None = None
    standing: Standing | None = None
    accounts_used: int = 0

    @property
    def is_valid(self) -> bool:
        return self.code in ("VALID", "GRACE")

    @property
    def may_manage_open(self) -> bool:
        """As long as the license itself stands, or lapsed without being revoked."""
        if self.standing is None or self.code != self.standing.code:
            return False
        return self.standing.may_manage_open


NOT_FOUND = Validation("LICENSE_NOT_FOUND", "No license has this key.")


def validate(*, request: ValidationRequest, now: datetime) -> Validation:
    """Tell what a key is good for, for an account when one is named.

    Two queries, and at most once a minute a third that notes it, which leaves the row
    alone while another session holds it. Raises KeyMalformed.
    """
    license = licensing.license_by_key(request.license_key)
    if license is None:
        return NOT_FOUND
    standing = current_standing(license, now)
    used = queries.accounts_of(queries.live_bots(license))
    code, message = _refusal(license, standing, request, used) or (
        standing.code,
        standing.message,
    )
    note_validation(license, now)
    return Validation(code, message, license, standing, len(used))


def _refusal(
    license: License,
    standing: Standing,
    request: ValidationRequest,
    used: set[queries.Account],
) -> tuple[str, str] | None:
    """Return code and message of a refusal, the first in the order of precedence."""
    if not standing.is_valid:
        return None  # the standing refuses
    is_trial = license.license_type == LicenseType.TRIAL
    if is_trial and request.is_live:
        return "ACCOUNT_TYPE_NOT_ALLOWED", "A trial runs on demo accounts only."
    hardware_id = request.hardware_id
    if hardware_id and not hardware.is_hardware_of(license, hardware_id):
        return "HARDWARE_MISMATCH", "The license is locked to another computer."
    if not request.mt4_account or _is_active(request, used):
        return None
    return _refusal_of_new_account(license, request.mt4_account, request, len(used))


def _refusal_of_new_account(
    license: License,
    mt4_account: str,
    request: ValidationRequest,
    used: int,
) -> tuple[str, str]:
    is_trial = license.license_type == LicenseType.TRIAL
    if is_trial and trials.is_trial_used(
        license,
        mt4_account=mt4_account,
        broker_server=request.broker_server or "",
        hardware_id=request.hardware_id or "",
    ):
        return "TRIAL_ALREADY_USED", str(trials.TrialAlreadyUsed.title)
    if used >= license.max_accounts:
        return "ACTIVATION_LIMIT", "All accounts of the license are in use."
    return "NOT_ACTIVATED", "The account is not active: activate it first."


def _is_active(request: ValidationRequest, used: set[queries.Account]) -> bool:
    if request.broker_server is None:  # any server's will do
        return request.mt4_account in {account for account, _ in used}
    return (request.mt4_account, request.broker_server.lower()) in used


def note_validation(license: License, now: datetime) -> None:
    """Write that a license was asked for, once a minute, without waiting for its lock.

    The condition stands twice: here it saves the statement, there it is decided.
    """
    before = now - TOLD_AT_MOST_EACH
    known = license.last_validated
    if known is not None and known > before:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE licenses SET last_validated = %(now)s WHERE id IN"
            " (SELECT id FROM licenses WHERE id = %(id)s"
            " AND (last_validated IS NULL OR last_validated <= %(before)s)"
            " FOR NO KEY UPDATE SKIP LOCKED)",
            {"now": now, "id": license.pk, "before": before},
        )
