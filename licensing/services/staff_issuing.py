"""Licenses that the staff gives: to anybody, from no allotment, with a reason."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License, LicenseType, Plan, StaffOrder
from licensing.services import allotments, events, secrets
from licensing.services.issuing import IssuedLicense, issue_license, term_of
from licensing.services.repeats import FormUsedAlready
from licensing.services.reselling import KEYS_ARE_SHOWN_FOR, MOST_LICENSES
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class OwnerDisabled(DomainError):
    code = "OWNER_DISABLED"
    title = _("This account is disabled or gone: its bots would be refused")
    kind = "conflict"
    field = "owner"


ISSUED_ALREADY = _("These licenses were issued already: find them in the list")
NO_TERM = {"expires_at": None, "trial_days": None}


@dataclass(frozen=True)
class Order:
    """What staff fills in to issue licenses: one owner, equal licenses."""

    owner: User
    license_type: LicenseType
    quantity: int
    reason: str
    max_accounts: int | None = None  # None is the plan's
    days: int | None = None  # None is the plan's
    is_lifetime: bool = False

    def terms(self, now: datetime) -> dict[str, Any]:
        """Return accounts, and end or days of a trial. Raises TermInvalid."""
        plan = Plan.objects.get(license_type=self.license_type)
        term = term_of(plan, now=now, days=self.days, is_lifetime=self.is_lifetime)
        accounts = self.max_accounts or plan.max_accounts
        return {"max_accounts": accounts, **NO_TERM, **term}


def issue_by_staff(
    *,
    order: Order,
    actor: Actor,
    now: datetime,
    idempotency_key: uuid.UUID,
) -> list[IssuedLicense]:
    """Issue all licenses of an order, or none; each leaves an event with the reason.

    The owner may be a reseller's customer: no allotment pays for it, so its reseller
    gets no credit when it is revoked. The same key issues once: a second call returns
    the licenses of the first, with their keys for 15 minutes and an event of showing
    them. Locks the owner. Raises OwnerDisabled, QuantityInvalid, TermInvalid,
    MaxAccountsInvalid and FormUsedAlready.
    """
    if not 1 <= order.quantity <= MOST_LICENSES:
        raise allotments.QuantityInvalid(
            _("Issue 1 to %(most_licenses)s licenses at once")
            % {"most_licenses": MOST_LICENSES}
        )
    with transaction.atomic():
        # Of two at once the second waits here, and finds the order carried out.
        carried_out = StaffOrder(pk=idempotency_key, at=now, actor_id=actor.id)
        StaffOrder.objects.bulk_create([carried_out], ignore_conflicts=True)
        kept = StaffOrder.objects.select_for_update().get(pk=idempotency_key)
        if kept.license_ids:
            return _shown_again(kept, order, actor, now)
        issued = _issue(order, actor, now)
        kept.license_ids = [each.license.pk for each in issued]
        kept.save(update_fields=["license_ids"])
        return issued


def check_is_new(*, order: Order, actor: Actor, idempotency_key: uuid.UUID) -> None:
    """Raise FormUsedAlready when a form was carried out, before it promises anything.

    Raises TermInvalid as well.
    """
    kept = StaffOrder.objects.filter(pk=idempotency_key).first()
    if kept and kept.license_ids:
        _check_is_same(kept, order, actor)
        raise FormUsedAlready(ISSUED_ALREADY)


def _issue(order: Order, actor: Actor, now: datetime) -> list[IssuedLicense]:
    locking = User.objects.select_for_update(no_key=True)
    owner = locking.filter(pk=order.owner.pk, is_active=True).first()
    if owner is None:
        raise OwnerDisabled
    return [
        issue_license(
            user=owner,
            license_type=order.license_type,
            max_accounts=order.max_accounts,
            days=order.days,
            is_lifetime=order.is_lifetime,
            reason=order.reason,
            actor=actor,
            now=now,
        )
        for _number in range(order.quantity)
    ]


def _shown_again(
    kept: StaffOrder, order: Order, actor: Actor, now: datetime
) -> list[IssuedLicense]:
    """Return what an order issued: a browser shows its second answer only."""
    _check_is_same(kept, order, actor)
    if now - kept.at > KEYS_ARE_SHOWN_FOR:
        raise FormUsedAlready(ISSUED_ALREADY)
    licenses = License.objects.select_related("user").filter(pk__in=kept.license_ids)
    return [
        IssuedLicense(each, secrets.reveal_key(license=each, actor=actor, now=now))
        for each in licenses.order_by("pk")
    ]


def _check_is_same(kept: StaffOrder, order: Order, actor: Actor) -> None:
    """Raise FormUsedAlready unless an order asks for just what was carried out."""
    issued = events.told_of_issuing(kept.license_ids)
    asked = events.as_recorded(
        {"license_type": order.license_type, **order.terms(kept.at)}
    )
    is_same = (
        kept.actor_id == actor.id
        and len(issued) == order.quantity
        and all({**NO_TERM, **each.after} == asked for each in issued)
        and {(each.owner_id, each.reason) for each in issued}
        == {(order.owner.pk, order.reason)}
    )
    if not is_same:
        raise FormUsedAlready
