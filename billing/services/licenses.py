"""A subscription's license: its terms, and the holds that billing places on it."""

from contextlib import suppress
from datetime import datetime

from billing.models import Subscription
from licensing.models import HoldSource, License, LicenseType, Plan
from licensing.services import holds, terms
from licensing.services.locks import LicenseRevoked
from smarttrader.lib.actors import Actor

# What billing holds a license for.
PAST_DUE, CANCELLED = "past due", "cancelled"


def follow_subscription(
    subscription: Subscription, *, actor: Actor, now: datetime, reason: str
) -> None:
    """Give the license the plan and the end of its subscription.

    The caller holds the subscription's lock. Raises LicenseRevoked.
    """
    license = subscription.license
    if license is None:
        return
    plan = Plan.objects.get(license_type=subscription.plan_type)
    ends = None if subscription.is_lifetime else subscription.current_period_end
    terms.keep_in_step(
        license=license,
        license_type=LicenseType(subscription.plan_type),
        max_accounts=plan.max_accounts,
        expires_at=ends,
        actor=actor,
        reason=reason,
        now=now,
    )


def is_paid_otherwise(subscription: Subscription) -> bool:
    """Tell whether another live subscription pays for the same license."""
    license = subscription.license
    if license is None:
        return False
    others = Subscription.objects.live().filter(license=license)
    return others.exclude(pk=subscription.pk).exists()


def hold(
    license: License | None, reference: str, *, actor: Actor, now: datetime
) -> None:
    """Suspend a license for one reason of billing's; again changes nothing."""
    if license is None:
        return
    with suppress(holds.AlreadySuspended, LicenseRevoked):  # it is, or is worse off
        holds.suspend_license(
            license=license,
            source=HoldSource.BILLING,
            reference=reference,
            reason=f"Billing: {reference}",
            actor=actor,
            now=now,
        )


def release(
    license: License | None, reference: str, *, actor: Actor, now: datetime
) -> None:
    """Release billing's hold for one reason; those of others stay."""
    if license is None:
        return
    with suppress(holds.NotSuspended, LicenseRevoked):
        holds.reinstate_license(
            license=license,
            source=HoldSource.BILLING,
            reference=reference,
            reason=f"Billing: no longer {reference}",
            actor=actor,
            now=now,
        )


def revoke(
    license: License | None, reason: str, *, actor: Actor, now: datetime
) -> None:
    """End a license for ever; again changes nothing."""
    if license is None:
        return
    with suppress(LicenseRevoked):
        terms.revoke_license(license=license, reason=reason, actor=actor, now=now)
