"""What staff give to resellers, and what resellers issue from it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.core.context import request_context
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from accounts.models import AuthEvent, User
from accounts.services.customers import NotACustomer, ResellerSuspended
from accounts.services.users import EmailInvalid
from accounts.tests.mails import mails_wanted
from licensing.models import (
    Allotment,
    AllotmentEntry,
    Cycle,
    EntryKind,
    HoldSource,
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseType,
)
from licensing.services import allotments, holds, resellers, reselling
from licensing.services.issuing import MaxAccountsInvalid
from licensing.services.locks import LicenseGone, LicenseRevoked
from licensing.services.repeats import FormUsedAlready
from licensing.services.reselling import Order
from licensing.services.terms import NothingToExtend
from licensing.standing import current_standing
from licensing.tests.factories import AllotmentFactory, LicenseFactory, PlanFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib.actors import COMMAND_LINE, Actor, ActorType

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TOLD: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOW}


@pytest.fixture
def customer(alice, bob):
    alice.reseller = bob
    alice.save()
    return alice


def order(**values: Any) -> Order:
    told = {
        "email": "alice@example.com",
        "license_type": LicenseType.PRO,
        "cycle": Cycle.MONTHLY,
        "quantity": 1,
    }
    return Order(**{**told, **values})


def issue(bob: User, key: str = "form", now: datetime = NOW, **values: Any):
    return reselling.issue_licenses(
        reseller=bob,
        order=order(**values),
        actor=Actor(ActorType.RESELLER, bob.pk),
        now=now,
        idempotency_key=key,
    )


def extend(bob, license, key="form", cycle=Cycle.MONTHLY, cycles=1, now=NOW):
    return reselling.extend_from_allotment(
        reseller=bob,
        license=license,
        cycle=cycle,
        cycles=cycles,
        actor=COMMAND_LINE,
        now=now,
        idempotency_key=key,
    )


def grant(bob, quantity=3, key="form", license_type=LicenseType.PRO):
    return allotments.grant_allotment(
        reseller=bob,
        license_type=license_type,
        cycle=Cycle.MONTHLY,
        quantity=quantity,
        idempotency_key=key,
        **TOLD,
    )


def reduce(allotment, quantity, key="form"):
    return allotments.reduce_allotment(
        allotment=allotment, quantity=quantity, idempotency_key=key, **TOLD
    )


# --- Grants and reductions ------------------------------------------------------------
def test_grants_add_up_and_one_form_grants_once(bob):
    grant(bob, 3, "one")
    grant(bob, 3, "one")
    grant(bob, 4, "another")

    assert figures() == ledgers() == {"Pro Monthly": (7, 0)}


@pytest.mark.parametrize("quantity", [0, -1, allotments.MOST_AT_ONCE + 1])
def test_what_is_no_quantity_is_not_granted(bob, quantity):
    with pytest.raises(allotments.QuantityInvalid):
        grant(bob, quantity)

    assert not Allotment.objects.exists()


def test_trials_are_not_allotted(bob):
    with pytest.raises(allotments.TrialsAreFree):
        grant(bob, license_type=LicenseType.TRIAL)


def test_who_is_no_reseller_gets_no_allotment(charlie):
    with pytest.raises(ResellerSuspended):
        grant(charlie)


def test_an_allotment_is_never_reduced_below_what_is_used(bob, customer):
    allotment = AllotmentFactory.create(reseller=bob)
    issue(bob, quantity=3)

    reduce(allotment, 2, "one")
    reduce(allotment, 2, "one")

    with pytest.raises(allotments.AllotmentInUse):
        reduce(allotment, 1, "another")
    assert figures() == ledgers() == {"Pro Monthly": (3, 3)}


def test_the_database_refuses_more_used_than_there_is(bob):
    AllotmentFactory.create(reseller=bob)

    with pytest.raises(IntegrityError, match="used_within_total"):
        Allotment.objects.update(used=6)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_nobody_changes_the_ledger(bob, change):
    AllotmentFactory.create(reseller=bob)
    changes = {
        "update": lambda: AllotmentEntry.objects.update(delta=100),
        "delete": lambda: AllotmentEntry.objects.all().delete(),
    }

    with (
        pytest.raises(IntegrityError, match="neither changed nor deleted"),
        transaction.atomic(),
    ):
        changes[change]()

    assert ledgers() == {"Pro Monthly": (5, 0)}


# --- Issuing --------------------------------------------------------------------------
def test_a_license_is_issued_from_the_allotment(bob, customer):
    AllotmentFactory.create(reseller=bob)

    (issued,) = issue(bob, note="=cmd", max_accounts=2)

    entry = AllotmentEntry.objects.get(kind=EntryKind.ISSUE)
    assert figures() == ledgers() == {"Pro Monthly": (5, 1)}
    assert (entry.license_id, entry.actor_id, entry.reason) == (
        issued.license.pk,
        bob.pk,
        "=cmd",
    )
    assert issued.license.user == customer
    assert issued.license.max_accounts == 2
    assert issued.license.expires_at == datetime(2026, 12, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cycle", "ends"),
    [
        (Cycle.MONTHLY, datetime(2026, 2, 28, 8, tzinfo=UTC)),
        (Cycle.YEARLY, datetime(2027, 1, 31, 8, tzinfo=UTC)),
        (Cycle.LIFETIME, None),
    ],
)
def test_a_cycle_is_a_month_or_a_year_of_the_calendar_or_for_ever(
    bob, customer, cycle, ends
):
    AllotmentFactory.create(reseller=bob, cycle=cycle)

    (issued,) = issue(bob, cycle=cycle, now=datetime(2026, 1, 31, 8, tzinfo=UTC))

    assert issued.license.expires_at == ends


def test_six_of_five_issue_none_and_charge_none(bob, customer):
    AllotmentFactory.create(reseller=bob)

    with pytest.raises(allotments.AllotmentUsedUp):
        issue(bob, quantity=6)

    assert not License.objects.exists()
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


def test_a_new_customer_of_an_order_that_is_refused_is_not_invited(bob):
    with pytest.raises(allotments.AllotmentUsedUp), _a_request():
        issue(bob, email="new@example.com")

    # With the user goes the mail: an outbox row of the same transaction.
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_hundred_are_issued_at_once_and_not_one_more(bob, customer):
    AllotmentFactory.create(reseller=bob, total=101)

    with pytest.raises(allotments.QuantityInvalid):
        issue(bob, quantity=101)
    issued = issue(bob, quantity=100)

    assert len({one.key for one in issued}) == License.objects.count() == 100
    assert figures() == ledgers() == {"Pro Monthly": (101, 100)}


def test_a_second_press_issues_nothing_and_shows_the_same_keys(bob, customer):
    AllotmentFactory.create(reseller=bob)

    first = issue(bob, quantity=2)
    second = issue(bob, quantity=2)

    assert [one.key for one in second] == [one.key for one in first]
    assert figures() == ledgers() == {"Pro Monthly": (5, 2)}
    shown = LicenseEvent.objects.filter(type=LicenseEventType.KEY_REVEALED)
    assert shown.count() == 2


def test_a_form_shows_its_keys_for_a_quarter_of_an_hour(bob, customer):
    AllotmentFactory.create(reseller=bob)
    issue(bob)

    with pytest.raises(FormUsedAlready):
        issue(bob, now=NOW + timedelta(minutes=16))


@pytest.mark.parametrize(
    "other",
    [{"quantity": 2}, {"email": "other@example.com"}, {"cycle": Cycle.YEARLY}],
)
def test_a_used_form_with_other_values_is_refused(bob, customer, other):
    AllotmentFactory.create(reseller=bob)
    issue(bob)

    with pytest.raises(FormUsedAlready):
        issue(bob, **other)

    assert figures() == ledgers() == {"Pro Monthly": (5, 1)}


@pytest.mark.parametrize("most", [0, 4])
def test_a_license_has_at_most_the_accounts_of_its_plan(bob, customer, most):
    PlanFactory.create()
    AllotmentFactory.create(reseller=bob)

    with pytest.raises(MaxAccountsInvalid):
        issue(bob, max_accounts=most)

    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


def test_a_stranger_s_customer_is_given_nothing(bob, charlie):
    AllotmentFactory.create(reseller=bob)

    with pytest.raises(NotACustomer):
        issue(bob, email=charlie.email)

    assert not License.objects.exists()


def test_a_new_customer_is_invited_with_the_license(bob):
    AllotmentFactory.create(reseller=bob)

    with _a_request(), mails_wanted() as mails:
        issue(bob, email="New@Example.com", first_name="Nora")

    nora = User.objects.get(email="new@example.com")
    (mail,) = mails
    assert (nora.reseller, nora.first_name, nora.email_verified) == (bob, "Nora", False)
    assert not nora.has_usable_password()
    assert mail["recipient"] == nora.email
    assert "Bob Baker" in mail["text"]
    assert License.objects.get().user == nora


def test_what_is_no_address_invites_nobody(bob):
    AllotmentFactory.create(reseller=bob)

    with pytest.raises(EmailInvalid):
        issue(bob, email="nobody")

    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


# --- Extending ------------------------------------------------------------------------
def test_cycles_are_added_to_the_end_once_for_a_form(bob, customer):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)

    extend(bob, issued.license, cycles=2)
    extend(bob, issued.license, cycles=2)

    issued.license.refresh_from_db()
    assert issued.license.expires_at == datetime(2027, 2, 25, 12, tzinfo=UTC)
    assert figures() == ledgers() == {"Pro Monthly": (5, 3)}


def test_a_lapsed_license_runs_on_from_now(bob, customer):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)
    later = NOW + 100 * DAY

    extend(bob, issued.license, now=later)

    issued.license.refresh_from_db()
    assert issued.license.expires_at == later.replace(month=4)


@pytest.mark.parametrize("cycles", [0, 121])
def test_what_is_no_number_of_cycles_extends_nothing(bob, customer, cycles):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)

    with pytest.raises(allotments.QuantityInvalid):
        extend(bob, issued.license, cycles=cycles)


def test_nothing_is_charged_for_what_cannot_be_extended(bob, customer):
    AllotmentFactory.create(reseller=bob)
    AllotmentFactory.create(reseller=bob, cycle=Cycle.LIFETIME)
    (revoked,) = issue(bob, "one")
    (lifetime,) = issue(bob, "another", cycle=Cycle.LIFETIME)
    reselling.revoke_with_credit(license=revoked.license, reason="wrong", **TOLD)

    with pytest.raises(LicenseRevoked):
        extend(bob, revoked.license)
    with pytest.raises(NothingToExtend):
        extend(bob, lifetime.license)
    with pytest.raises(reselling.CycleInvalid):
        extend(bob, lifetime.license, cycle=Cycle.LIFETIME)

    assert figures() == ledgers() == {"Pro Monthly": (5, 0), "Pro Lifetime": (5, 1)}


def test_a_stranger_s_license_is_not_there_to_extend(bob, charlie):
    AllotmentFactory.create(reseller=bob)
    license = LicenseFactory.create(user=charlie, expires_at=NOW)

    with pytest.raises(LicenseGone):
        extend(bob, license)

    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


# --- Revoking -------------------------------------------------------------------------
def revoke(license, now=NOW) -> int:
    return reselling.revoke_with_credit(
        license=license, reason="sold by mistake", actor=COMMAND_LINE, now=now
    )


def test_what_was_never_activated_is_credited_once(bob, customer):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)
    extend(bob, issued.license, cycles=2)

    credited = revoke(issued.license, NOW + 7 * DAY)

    with pytest.raises(LicenseRevoked):
        revoke(issued.license)
    assert credited == 3
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


def test_nothing_is_credited_after_seven_days(bob, customer):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)

    assert revoke(issued.license, NOW + 7 * DAY + timedelta(seconds=1)) == 0
    assert figures() == ledgers() == {"Pro Monthly": (5, 1)}


def test_nothing_is_credited_for_what_was_activated(bob, customer):
    AllotmentFactory.create(reseller=bob)
    (issued,) = issue(bob)
    License.objects.update(activation_count=1)

    assert revoke(issued.license) == 0
    assert figures() == ledgers() == {"Pro Monthly": (5, 1)}


def test_what_no_allotment_paid_for_credits_none(bob, customer):
    AllotmentFactory.create(reseller=bob)
    license = LicenseFactory.create(user=customer, issued_at=NOW)

    assert revoke(license) == 0
    assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


# --- A reseller who is suspended ------------------------------------------------------
def test_a_suspended_reseller_issues_nothing(bob, customer):
    AllotmentFactory.create(reseller=bob)
    resellers.suspend_reseller(
        reseller=bob, with_licenses=False, reason="unpaid", **TOLD
    )

    with pytest.raises(ResellerSuspended):
        issue(bob)

    event = AuthEvent.objects.get(user_id=bob.pk)
    assert (event.type, event.detail) == ("deactivated", {"reason": "unpaid"})


def test_licenses_are_held_with_their_reseller_and_released_with_them(
    bob, customer, charlie
):
    theirs = LicenseFactory.create(user=customer)
    held = LicenseFactory.create(user=customer)
    strangers = LicenseFactory.create(user=charlie)
    hold = {"source": HoldSource.ADMIN, "reason": "abuse", **TOLD}
    holds.suspend_license(license=held, **hold)

    count = resellers.suspend_reseller(
        reseller=bob, with_licenses=True, reason="unpaid", **TOLD
    )
    then = [_code(each) for each in (theirs, held, strangers)]
    released = resellers.reinstate_reseller(reseller=bob, reason="paid", **TOLD)
    afterwards = [_code(each) for each in (theirs, held, strangers)]

    assert (count, released) == (2, 2)
    assert then == ["LICENSE_SUSPENDED", "LICENSE_SUSPENDED", "VALID"]
    # What staff held for another reason stays held.
    assert afterwards == ["VALID", "LICENSE_SUSPENDED", "VALID"]
    bob.refresh_from_db()
    assert bob.is_active


def _code(license: License) -> str:
    read = License.objects.with_standing().get(pk=license.pk)
    return current_standing(read, NOW).code


def _a_request():
    return request_context(RequestFactory().get("/"))
