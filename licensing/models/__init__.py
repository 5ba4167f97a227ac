"""What a bot runs under: licenses, the plans they come from, what became of them."""

from licensing.models.allotments import (
    Allotment,
    AllotmentEntry,
    Cycle,
    EntryKind,
    Reseller,
)
from licensing.models.events import LicenseEvent, LicenseEventType
from licensing.models.licenses import (
    LONGEST_TERM_DAYS,
    LONGEST_TRIAL_DAYS,
    MOST_GRACE_DAYS,
    HoldSource,
    KeyCheck,
    License,
    LicenseHold,
    LicenseHoldQuerySet,
    LicenseQuerySet,
    LicenseStatus,
    LicenseType,
    Plan,
    TrialUse,
    TrialUseKind,
    grace_days,
    is_held,
)
from licensing.models.orders import StaffOrder

__all__ = [
    "LONGEST_TERM_DAYS",
    "LONGEST_TRIAL_DAYS",
    "MOST_GRACE_DAYS",
    "Allotment",
    "AllotmentEntry",
    "Cycle",
    "EntryKind",
    "HoldSource",
    "KeyCheck",
    "License",
    "LicenseEvent",
    "LicenseEventType",
    "LicenseHold",
    "LicenseHoldQuerySet",
    "LicenseQuerySet",
    "LicenseStatus",
    "LicenseType",
    "Plan",
    "Reseller",
    "StaffOrder",
    "TrialUse",
    "TrialUseKind",
    "grace_days",
    "is_held",
]
