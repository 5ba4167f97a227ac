"""Allotments: what staff give to resellers, and each way to use it up."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.customers import locked_reseller
from licensing.models import Allotment, AllotmentEntry, Cycle, EntryKind, LicenseType
from licensing.services.repeats import is_entered
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError

MOST_AT_ONCE = 100_000


class AllotmentUsedUp(DomainError):
    code = "ALLOTMENT_USED_UP"
    title = _("The allotment has not as many credits left")
    kind = "conflict"


class AllotmentInUse(DomainError):
    code = "ALLOTMENT_IN_USE"
    title = _("An allotment cannot become smaller than what is used of it")
    kind = "conflict"


class QuantityInvalid(DomainError):
    code = "QUANTITY_INVALID"
    title = _("This is no quantity")
    kind = "invalid"
    field = "quantity"


class TrialsAreFree(DomainError):
    code = "TRIALS_ARE_FREE"
    title = _("Trials are not sold: there is no allotment of them")
    kind = "invalid"


def grant_allotment(
    *,
    reseller: User,
    license_type: LicenseType,
    cycle: Cycle,
    quantity: int,
    actor: Actor,
    now: datetime,
    idempotency_key: str,
    reason: str = "",
) -> bool:
    """Let a reseller issue so many more cycles of a plan; return whether it is new.

    The same key grants once. Locks the reseller. Raises ResellerSuspended,
    QuantityInvalid, TrialsAreFree and FormUsedAlready.
    """
    if license_type == LicenseType.TRIAL:
        raise TrialsAreFree
    _check_quantity(quantity)
    with transaction.atomic():
        locked_reseller(reseller.pk)
        allotment, _ = Allotment.objects.get_or_create(
            reseller=reseller, plan_id=license_type, cycle=cycle
        )
        key = f"{reseller.pk}:{idempotency_key}"
        told: dict[str, Any] = {
            "kind": EntryKind.GRANT,
            "delta": quantity,
            "reason": reason,
        }
        if is_entered(key, allotment_id=allotment.pk, **told):
            return False
        _change(allotment, now=now, total=F("total") + quantity)
        enter(allotment, **told, key=key, actor=actor, now=now)
        return True


def reduce_allotment(
    *,
    allotment: Allotment,
    quantity: int,
    actor: Actor,
    now: datetime,
    idempotency_key: str,
    reason: str = "",
) -> bool:
    """Take so many unused cycles back from a reseller; return whether it is new.

    The reseller may be suspended. The same key reduces once. The WHERE clause is the
    lock: what is issued meanwhile counts. Raises QuantityInvalid, AllotmentInUse and
    FormUsedAlready.
    """
    _check_quantity(quantity)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=allotment.reseller_id)
        key = f"{allotment.reseller_id}:{idempotency_key}"
        told: dict[str, Any] = {
            "kind": EntryKind.REDUCTION,
            "delta": -quantity,
            "reason": reason,
        }
        if is_entered(key, allotment_id=allotment.pk, **told):
            return False
        if not _change(
            allotment,
            now=now,
            total=F("total") - quantity,
            only_if={"total__gte": F("used") + quantity},
        ):
            raise AllotmentInUse
        enter(allotment, **told, key=key, actor=actor, now=now)
        return True


def take(
    *,
    reseller: User,
    license_type: str,
    cycle: Cycle,
    quantity: int,
    now: datetime,
) -> Allotment:
    """Use up so many credits, all or none; the caller enters what for.

    Wants a transaction of the caller's, who holds the reseller's lock. Raises
    AllotmentUsedUp, also when there is no such allotment.
    """
    found = Allotment.objects.filter(
        reseller=reseller, plan_id=license_type, cycle=cycle
    ).first()
    if found is None or not _change(
        found,
        now=now,
        used=F("used") + quantity,
        only_if={"used__lte": F("total") - quantity},
    ):
        raise AllotmentUsedUp
    return found


def give_back(allotment_id: uuid.UUID, *, quantity: int, now: datetime) -> bool:
    """Return credits to an allotment, unless it is gone with its reseller."""
    back = Allotment.objects.filter(pk=allotment_id)
    return bool(back.update(used=F("used") - quantity, updated_at=now))


def enter(
    allotment: Allotment,
    *,
    kind: EntryKind,
    delta: int,
    key: str,
    actor: Actor,
    now: datetime,
    license_id: uuid.UUID | None = None,
    reason: str = "",
) -> AllotmentEntry:
    """Write a line of the ledger, in the transaction of what it tells."""
    return AllotmentEntry.objects.create(
        at=now,
        allotment_id=allotment.pk,
        reseller_id=allotment.reseller_id,
        license_type=allotment.plan_id,
        cycle=allotment.cycle,
        kind=kind,
        delta=delta,
        license_id=license_id,
        actor_type=actor.type,
        actor_id=actor.id,
        reason=reason,
        idempotency_key=key,
    )


def _change(
    allotment: Allotment,
    *,
    now: datetime,
    only_if: dict[str, object] | None = None,
    **values: object,
) -> int:
    rows = Allotment.objects.filter(pk=allotment.pk, **(only_if or {}))
    return rows.update(**values, updated_at=now)


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise QuantityInvalid(
            _("A quantity is 1 to %(most_at_once)s") % {"most_at_once": MOST_AT_ONCE}
        )
