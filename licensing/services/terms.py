"""How long a license runs and what it allows: extend, change plan, revoke."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import (
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseStatus,
    LicenseType,
    Plan,
)
from licensing.services import events
from licensing.services.issuing import (
    MOST_ACCOUNTS,
    MaxAccountsInvalid,
    TermInvalid,
)
from licensing.services.locks import (
    locked_unrevoked_license,
    update_license,
    write_status,
)
from licensing.signals import license_revoked
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class NothingToExtend(DomainError):
    code = "NOTHING_TO_EXTEND"
    title = _("A lifetime license has no end, and a trial keeps its own")
    kind = "conflict"


class PlanUnchanged(DomainError):
    code = "PLAN_UNCHANGED"
    title = _("The license has this plan already, or it would become a trial")
    kind = "conflict"


class EndMoved(DomainError):
    code = "END_MOVED"
    title = _("The license's end moved meanwhile: open the page anew")
    kind = "conflict"


def extend_license(
    *,
    license: License,
    days: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> License:
    """Move a license's end by days, from now when it lies in the past.

    Locks the license. Raises LicenseRevoked, NothingToExtend (lifetime, trial) and
    TermInvalid.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        if locked.expires_at is None or locked.license_type == LicenseType.TRIAL:
            raise NothingToExtend
        before = {"status": locked.status, "expires_at": locked.expires_at}
        try:
            ends = max(now, locked.expires_at) + timedelta(days=days)
        except OverflowError as error:
            raise TermInvalid(_("the end lies too far ahead")) from error
        if days < 1:
            raise TermInvalid(_("a license is extended by at least one day"))
        update_license(locked, now=now, expires_at=ends)
        after = {"status": write_status(locked.pk, now=now), "expires_at": ends}
        events.append_event(
            license=locked,
            type=LicenseEventType.EXTENDED,
            actor=actor,
            reason=reason,
            before=before,
            after=after,
            now=now,
        )
        return locked


def extend_from_end(
    *,
    license: License,
    ends_before: datetime | None,
    days: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> bool:
    """Move a license's end as somebody decided who read it; return whether it is new.

    `ends_before` is the end that they read: it makes a form that is sent twice extend
    once. Locks the license. Raises EndMoved when something else moved it meanwhile, and
    what `extend_license` raises.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        if locked.expires_at != ends_before:
            if _was_extended(locked, ends_before, days, actor, reason):
                return False
            raise EndMoved
        extend_license(license=locked, days=days, actor=actor, reason=reason, now=now)
        return True


def _was_extended(
    license: License,
    ends_before: datetime | None,
    days: int,
    actor: Actor,
    reason: str,
) -> bool:
    """Tell whether the same decision of the same person is what moved the end."""
    extended = LicenseEvent.objects.filter(
        license_id=license.pk, type=LicenseEventType.EXTENDED
    )
    last = extended.order_by("-sequence").first()
    if last is None or ends_before is None or license.expires_at is None:
        return False
    # Not begun + days: whoever sends a form may tell the last moment there is.
    begun = license.expires_at - timedelta(days=days)
    before = events.as_recorded({"expires_at": ends_before})
    return (
        begun == max(last.at, ends_before)
        and last.before["expires_at"] == before["expires_at"]
        and (last.actor_id, last.reason) == (actor.id, reason)
    )


def change_plan(
    *,
    license: License,
    license_type: LicenseType,
    actor: Actor,
    now: datetime,
    max_accounts: int | None = None,
    reason: str = "",
) -> License:
    """Give a license another plan, with the plan's accounts unless others are named.

    Accounts in use beyond the new number go on; no further one is activated. A trial
    that becomes a paid plan runs the plan's term from now. Locks the license. Raises
    LicenseRevoked, PlanUnchanged and MaxAccountsInvalid.
    """
    plan = Plan.objects.get(license_type=license_type)
    most = plan.max_accounts if max_accounts is None else max_accounts
    if not 1 <= most <= MOST_ACCOUNTS:
        raise MaxAccountsInvalid
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        before = _terms(locked)
        is_same = (locked.license_type, locked.max_accounts) == (license_type, most)
        was_trial = locked.license_type == LicenseType.TRIAL
        if is_same or license_type == LicenseType.TRIAL:
            raise PlanUnchanged
        ends = now + timedelta(days=plan.term_days) if was_trial else locked.expires_at
        update_license(
            locked,
            now=now,
            license_type=license_type,
            max_accounts=most,
            expires_at=ends,
            trial_days=None,
        )
        write_status(locked.pk, now=now)
        events.append_event(
            license=locked,
            type=LicenseEventType.PLAN_CHANGED,
            actor=actor,
            reason=reason,
            before=before,
            after=_terms(locked),
            now=now,
        )
        return locked


def keep_in_step(
    *,
    license: License,
    license_type: LicenseType,
    max_accounts: int,
    expires_at: datetime | None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> License:
    """Give a license the terms of what is paid for it; no end means lifetime.

    Leaves one event of what changed, or none. Locks the license. Raises LicenseRevoked.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        before = _terms(locked)
        update_license(
            locked,
            now=now,
            license_type=license_type,
            max_accounts=max_accounts,
            expires_at=expires_at,
            trial_days=None,
        )
        after = _terms(locked)
        write_status(locked.pk, now=now)
        plan = ("license_type", "max_accounts")
        if any(before[name] != after[name] for name in plan):
            changed = LicenseEventType.PLAN_CHANGED
        elif before != after:
            changed = LicenseEventType.EXTENDED
        else:
            return locked
        events.append_event(
            license=locked,
            type=changed,
            actor=actor,
            reason=reason,
            before=before,
            after=after,
            now=now,
        )
        return locked


def revoke_license(
    *,
    license: License,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """End a license for ever; its row and its bots' records stay.

    Locks the license. Raises LicenseRevoked. Announces license_revoked.
    """
    with transaction.atomic():
        locked = locked_unrevoked_license(license.pk)
        before = {"status": locked.status}
        update_license(locked, now=now, status=LicenseStatus.REVOKED)
        events.append_event(
            license=locked,
            type=LicenseEventType.REVOKED,
            actor=actor,
            reason=reason,
            before=before,
            after={"status": LicenseStatus.REVOKED},
            now=now,
        )
        license_revoked.send(sender=License, license=locked, now=now)


def _terms(license: License) -> dict[str, object]:
    return {
        "license_type": license.license_type,
        "max_accounts": license.max_accounts,
        "expires_at": license.expires_at,
    }
