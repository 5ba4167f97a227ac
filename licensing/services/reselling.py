"""What resellers do with their allotments: issue, extend, revoke with a credit."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User, normalize_email
from accounts.services.customers import (
    CustomerDisabled,
    customer_by_email,
    locked_reseller,
)
from licensing.models import (
    Allotment,
    AllotmentEntry,
    Cycle,
    EntryKind,
    License,
    LicenseType,
    Plan,
)
from licensing.models.allotments import KINDS_OF_USED, MONTHS_OF_CYCLE
from licensing.services import allotments, events, secrets
from licensing.services.issuing import (
    IssuedLicense,
    MaxAccountsInvalid,
    TermInvalid,
    issue_license,
)
from licensing.services.locks import LicenseGone, locked_unrevoked_license
from licensing.services.repeats import FormUsedAlready, is_entered
from licensing.services.terms import NothingToExtend, extend_license, revoke_license
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError
from smarttrader.lib.months import add_months

MOST_LICENSES = 100
MOST_CYCLES = 120
CREDITED_FOR = timedelta(days=7)
KEYS_ARE_SHOWN_FOR = timedelta(minutes=15)


class CycleInvalid(DomainError):
    code = "CYCLE_INVALID"
    title = _("A license is extended by months or years")
    kind = "invalid"
    field = "cycle"


@dataclass(frozen=True)
class Order:
    """What a reseller fills in to issue licenses: one customer, equal licenses."""

    email: str
    license_type: LicenseType
    cycle: Cycle
    quantity: int
    max_accounts: int | None = None  # None is the plan's, which is also the most
    first_name: str = ""
    last_name: str = ""
    note: str = ""


def issue_licenses(
    *,
    reseller: User,
    order: Order,
    actor: Actor,
    now: datetime,
    idempotency_key: str,
) -> list[IssuedLicense]:
    """Issue all licenses of an order from the reseller's allotment, or none.

    The licenses, a line of the ledger for each, and a new customer's invitation are
    one transaction. The same key issues once: a second call returns the licenses of
    the first, with their keys for 15 minutes and an event of showing them. Locks the
    reseller. Raises ResellerSuspended, NotACustomer, CustomerDisabled, AllotmentUsedUp,
    QuantityInvalid, MaxAccountsInvalid, FormUsedAlready, and what an invitation raises.
    """
    if not 1 <= order.quantity <= MOST_LICENSES:
        raise allotments.QuantityInvalid(
            _("Issue 1 to %(most_licenses)s licenses at once")
            % {"most_licenses": MOST_LICENSES}
        )
    with transaction.atomic():
        locked = locked_reseller(reseller.pk)
        keys = [
            f"{locked.pk}:{idempotency_key}:{number}"
            for number in range(1, MOST_LICENSES + 1)
        ]
        entries = AllotmentEntry.objects.filter(idempotency_key__in=keys)
        if former := list(entries.order_by("id")):
            return _shown_again(former, order, actor, now)
        customer = customer_by_email(
            reseller=locked,
            email=order.email,
            first_name=order.first_name,
            last_name=order.last_name,
            actor=actor,
            now=now,
        )
        return _issue(locked, customer, order, keys, actor, now)


def extend_from_allotment(
    *,
    reseller: User,
    license: License,
    cycle: Cycle,
    cycles: int,
    actor: Actor,
    now: datetime,
    idempotency_key: str,
    reason: str = "",
) -> bool:
    """Extend a customer's license by cycles, from its end or from now if that is past.

    Returns whether it is new: the same key extends once. Locks the reseller, then the
    license. Raises ResellerSuspended, LicenseGone, CustomerDisabled, AllotmentUsedUp,
    QuantityInvalid, CycleInvalid, LicenseRevoked, NothingToExtend and FormUsedAlready.
    """
    if not 1 <= cycles <= MOST_CYCLES:
        raise allotments.QuantityInvalid(
            _("Extend by 1 to %(most_cycles)s cycles") % {"most_cycles": MOST_CYCLES}
        )
    if cycle not in MONTHS_OF_CYCLE:
        raise CycleInvalid
    key = f"{reseller.pk}:{idempotency_key}:{license.pk}"
    with transaction.atomic():
        found = _locked_license_of_customer(reseller, license)
        told: dict[str, Any] = {
            "kind": EntryKind.EXTENSION,
            "delta": cycles,
            "reason": reason,
        }
        if is_entered(key, cycle=cycle, **told):
            return False
        if not found.user.is_active:
            raise CustomerDisabled
        days = _days_of(found, cycle, cycles, now)
        allotment = allotments.take(
            reseller=reseller,
            license_type=found.license_type,
            cycle=cycle,
            quantity=cycles,
            now=now,
        )
        allotments.enter(
            allotment, **told, license_id=found.pk, key=key, actor=actor, now=now
        )
        extend_license(license=found, days=days, actor=actor, reason=reason, now=now)
        return True


def _locked_license_of_customer(reseller: User, license: License) -> License:
    locked_reseller(reseller.pk)
    found = locked_unrevoked_license(license.pk)
    if found.user.reseller_id != reseller.pk:
        raise LicenseGone
    return found


def _days_of(license: License, cycle: Cycle, cycles: int, now: datetime) -> int:
    if license.expires_at is None:
        raise NothingToExtend
    begins = max(now, license.expires_at)
    return (_end(begins, MONTHS_OF_CYCLE[cycle] * cycles) - begins).days


def revoke_with_credit(
    *,
    license: License,
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Revoke a license; return how many credits went back to its reseller.

    All that was taken for it goes back, once, when it was never activated and is at
    most seven days old. Locks the reseller, then the license. Raises LicenseRevoked and
    LicenseGone.
    """
    with transaction.atomic():
        charges = _charges(license.pk)
        resellers = {allotment.reseller_id for allotment, _ in charges}
        list(
            User.objects.select_for_update(no_key=True)
            .filter(pk__in=resellers)
            .order_by("pk")
        )
        revoke_license(license=license, reason=reason, actor=actor, now=now)
        # Read under the lock that revoking took: an activation may have been faster.
        revoked = License.objects.get(pk=license.pk)
        if revoked.activation_count or now - revoked.issued_at > CREDITED_FOR:
            return 0
        return sum(
            _credit(allotment, quantity, revoked, actor, now)
            for allotment, quantity in _charges(license.pk)
        )


def _issue(
    reseller: User,
    customer: User,
    order: Order,
    keys: list[str],
    actor: Actor,
    now: datetime,
) -> list[IssuedLicense]:
    most, accounts = _accounts_of(order)
    if not 1 <= accounts <= most:
        raise MaxAccountsInvalid(
            _("The plan allows 1 to %(most)s accounts") % {"most": most}
        )
    allotment = allotments.take(
        reseller=reseller,
        license_type=order.license_type,
        cycle=order.cycle,
        quantity=order.quantity,
        now=now,
    )
    is_lifetime = order.cycle == Cycle.LIFETIME
    ends = None if is_lifetime else _end(now, MONTHS_OF_CYCLE[order.cycle])
    issued = []
    for key in keys[: order.quantity]:
        one = issue_license(
            user=customer,
            license_type=order.license_type,
            max_accounts=accounts,
            expires_at=ends,
            is_lifetime=is_lifetime,
            actor=actor,
            now=now,
        )
        allotments.enter(
            allotment,
            kind=EntryKind.ISSUE,
            delta=1,
            license_id=one.license.pk,
            key=key,
            actor=actor,
            reason=order.note,
            now=now,
        )
        issued.append(one)
    return issued


def _accounts_of(order: Order) -> tuple[int, int]:
    """Return the most accounts that an order may have, and how many it has."""
    most = Plan.objects.get(license_type=order.license_type).max_accounts
    return most, most if order.max_accounts is None else order.max_accounts


def _shown_again(
    entries: list[AllotmentEntry], order: Order, actor: Actor, now: datetime
) -> list[IssuedLicense]:
    """Return what an order issued: a browser shows its second answer only."""
    ids = [entry.license_id for entry in entries if entry.license_id]
    licenses = list(
        License.objects.select_related("user").filter(pk__in=ids).order_by("pk")
    )
    told = {(entry.license_type, entry.cycle, entry.reason) for entry in entries}
    _most, accounts = _accounts_of(order)
    # As they were issued: staff may have changed them since.
    issued = events.told_of_issuing(ids)
    is_same = (
        len(entries) == order.quantity
        and told == {(order.license_type, order.cycle, order.note)}
        and {each.user.email for each in licenses} <= {normalize_email(order.email)}
        and {each.after["max_accounts"] for each in issued} == {accounts}
    )
    if not is_same:
        raise FormUsedAlready
    if now - entries[0].at > KEYS_ARE_SHOWN_FOR:
        raise FormUsedAlready(
            _("These licenses were issued already: find them in the list")
        )
    return [
        IssuedLicense(each, secrets.reveal_key(license=each, actor=actor, now=now))
        for each in licenses
    ]


def _charges(license_id: uuid.UUID) -> list[tuple[Allotment, int]]:
    """Return what a license has cost and was not credited, by allotment."""
    sums = (
        AllotmentEntry.objects.filter(license_id=license_id, kind__in=KINDS_OF_USED)
        .values_list("allotment_id")
        .annotate(charged=Sum("delta"))
        .filter(charged__gt=0)
    )
    charged = dict(sums)
    found = Allotment.objects.filter(pk__in=charged).order_by("pk")
    return [(allotment, charged[allotment.pk]) for allotment in found]


def _credit(
    allotment: Allotment, quantity: int, license: License, actor: Actor, now: datetime
) -> int:
    if not allotments.give_back(allotment.pk, quantity=quantity, now=now):
        return 0
    allotments.enter(
        allotment,
        kind=EntryKind.CREDIT,
        delta=-quantity,
        license_id=license.pk,
        key=f"credit:{license.pk}:{allotment.pk}",
        actor=actor,
        now=now,
    )
    return quantity


def _end(begins: datetime, months: int) -> datetime:
    try:
        return add_months(begins, months)
    except OverflowError as error:
        raise TermInvalid(_("the end lies too far ahead")) from error
