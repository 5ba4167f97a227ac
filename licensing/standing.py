"""What a license allows at a moment: decided at read time, whether or not a job ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.models import License, LicenseStatus

GRACE = "GRACE"


@dataclass(frozen=True)
class Standing:
    """`code` is VALID, GRACE, or that of the refusal."""

    code: str
    message: str
    license_status: LicenseStatus

    @property
    def is_valid(self) -> bool:
        return self.code in ("VALID", GRACE)

    @property
    def may_open_new(self) -> bool:
        return self.is_valid

    @property
    def may_manage_open(self) -> bool:
        """Whether open positions may be managed: a lapse never strands them."""
        return self.license_status != LicenseStatus.REVOKED


LAPSED = {
    LicenseStatus.REVOKED: ("LICENSE_REVOKED", "The license was revoked."),
    LicenseStatus.SUSPENDED: ("LICENSE_SUSPENDED", "The license is suspended."),
    LicenseStatus.EXPIRED: ("LICENSE_EXPIRED", "The license has expired."),
}


def effective_status(
    license: License,
    *,
    is_held: bool,
    grace_days: int,
    now: datetime,
) -> LicenseStatus:
    """Return a license's status: revoked, else suspended, expired, active.

    The column only remembers it: that of a revoked license is final, a suspension is
    its open holds', an end is the clock's.
    """
    if license.status == LicenseStatus.REVOKED:
        return LicenseStatus.REVOKED
    if is_held:
        return LicenseStatus.SUSPENDED
    ends = license.expires_at
    # Not ends + grace: the end may be the last moment that a date can tell.
    if ends is not None and now - timedelta(days=grace_days) >= ends:
        return LicenseStatus.EXPIRED
    return LicenseStatus.ACTIVE


def standing_of(
    license: License,
    *,
    is_held: bool,
    grace_days: int,
    now: datetime,
) -> Standing:
    """Return the standing of a license whose owner is loaded.

    From expires_at on it is in grace for the plan's days, and everything works.
    """
    status = effective_status(license, is_held=is_held, grace_days=grace_days, now=now)
    if status in LAPSED:
        return Standing(*LAPSED[status], status)
    if not license.user.is_active:
        return Standing("ACCOUNT_DISABLED", "The owner's account is disabled.", status)
    if license.expires_at is not None and now >= license.expires_at:
        return Standing(GRACE, "The license is in its grace days.", status)
    return Standing("VALID", "The license is valid.", status)


def current_standing(
    license: License,
    now: datetime,
) -> Standing:
    """Return the standing of a license that was read `with_standing()`."""
    return standing_of(
        license,
        is_held=getattr(license, "is_held"),  # noqa: B009 -- an annotation
        grace_days=getattr(license, "grace_days") or 0,  # noqa: B009
        now=now,
    )
