"""What a license allows at a moment: decided at read time, whether or not a job ran."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.models import License, LicenseStatus


@dataclass(frozen=True)
class Standing:
    """`code` is VALID, GRACE, or that of the refusal."""

    code: str
    message: str
    license_status: LicenseStatus

    @property
    def is_valid(self) -> bool:
        return self.code in ("VALID", "GRACE")

    @property
    def may_open_new(self) -> bool:
        return self.is_valid

    @property
    def may_manage_open(self) -> bool:
        """Whether open positions may be managed: a lapse never strands them."""
        return self.license_status != LicenseStatus.REVOKED


def standing_of(
    license: License,  # noqa: A002 -- the field's own name
    *,
    is_owner_active: bool,
    grace_days: int,
    now: datetime,
) -> Standing:
    """Return a license's standing: revoked, else suspended, expired, owner disabled.

    From expires_at on it is in grace for the plan's days, and everything works.
    """
    status = LicenseStatus(license.status)
    if status == LicenseStatus.REVOKED:
        return Standing("LICENSE_REVOKED", "The license was revoked.", status)
    if status == LicenseStatus.SUSPENDED:
        return Standing("LICENSE_SUSPENDED", "The license is suspended.", status)
    ends = license.expires_at
    if ends is not None and now >= ends + timedelta(days=grace_days):
        expired = LicenseStatus.EXPIRED
        return Standing("LICENSE_EXPIRED", "The license has expired.", expired)
    active = LicenseStatus.ACTIVE
    if not is_owner_active:
        return Standing("ACCOUNT_DISABLED", "The owner's account is disabled.", active)
    if ends is not None and now >= ends:
        return Standing("GRACE", "The license is in its grace days.", active)
    return Standing("VALID", "The license is valid.", active)
