"""Trials: one per owner, per computer and per trading account."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import normalize_email
from licensing.fingerprints import fingerprint, fingerprints
from licensing.models import License, TrialUse, TrialUseKind
from licensing.services.locks import update_license
from smarttrader.lib.errors import DomainError

PURPOSE = "licensing.trial_use"
Uses = list[tuple[TrialUseKind, tuple[str, ...]]]


class TrialAlreadyUsed(DomainError):
    code = "TRIAL_ALREADY_USED"
    title = _("A trial ran for this owner, computer or account already")
    kind = "conflict"


def is_trial_used(
    license: License,
    *,
    mt4_account: str,
    broker_server: str,
    hardware_id: str = "",
) -> bool:
    """Tell whether another trial ran for this license's owner, computer or account."""
    known = Q()
    for kind, parts in _uses(license, mt4_account, broker_server, hardware_id):
        known |= Q(kind=kind, fingerprint__in=fingerprints(PURPOSE, kind, *parts))
    return TrialUse.objects.filter(known).exclude(license_id=license.pk).exists()


def begin_trial(
    *,
    license: License,
    mt4_account: str,
    broker_server: str,
    hardware_id: str,
    now: datetime,
) -> None:
    """Remember for whom and on what a trial runs, and start its clock if it stands.

    The caller holds the license's lock. The unique index is the lock between licenses:
    of two trials that race for an account, the second waits, then is refused. Raises
    TrialAlreadyUsed.
    """
    rows = [
        TrialUse(
            kind=kind,
            fingerprint=fingerprint(PURPOSE, kind, *parts),
            license_id=license.pk,
            used_at=now,
        )
        for kind, parts in _uses(license, mt4_account, broker_server, hardware_id)
    ]
    # Sorted, so that two trials that share two of the three cannot deadlock.
    rows.sort(key=lambda use: (use.kind, use.fingerprint))
    TrialUse.objects.bulk_create(rows, ignore_conflicts=True)
    if is_trial_used(
        license,
        mt4_account=mt4_account,
        broker_server=broker_server,
        hardware_id=hardware_id,
    ):
        raise TrialAlreadyUsed
    if license.expires_at is None and license.trial_days is not None:
        update_license(
            license, now=now, expires_at=now + timedelta(days=license.trial_days)
        )


def _uses(
    license: License,
    mt4_account: str,
    broker_server: str,
    hardware_id: str,
) -> Uses:
    uses: Uses = [
        (TrialUseKind.OWNER, (str(license.user_id),)),
        # Who deletes their account and signs up again is the same owner.
        (TrialUseKind.OWNER, (normalize_email(license.user.email),)),
        (TrialUseKind.ACCOUNT, (broker_server.lower(), mt4_account)),
    ]
    if hardware_id:
        uses.append((TrialUseKind.HARDWARE, (hardware_id,)))
    return uses
