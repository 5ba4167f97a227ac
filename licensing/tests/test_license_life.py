"""What becomes of a license: extended, suspended, revoked, expired."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.tests.announcements import announced_by
from licensing import signals
from licensing.models import (
    HoldSource,
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseHold,
    LicenseStatus,
    LicenseType,
    Plan,
)
from licensing.services import expiry, holds, terms
from licensing.services.issuing import MaxAccountsInvalid, TermInvalid, issue_license
from licensing.services.locks import LicenseRevoked
from licensing.standing import Standing, current_standing
from smarttrader.lib.actors import COMMAND_LINE, SYSTEM, Actor, ActorType

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TOLD: dict[str, Any] = {"actor": COMMAND_LINE, "reason": "as agreed", "now": NOW}


@pytest.fixture
def announced():
    with announced_by(signals) as heard:
        yield heard


def issued(user: User, plan: LicenseType = LicenseType.PRO, **term) -> License:
    return issue_license(user=user, license_type=plan, now=NOW, **term).license


def standing(license, now=NOW) -> Standing:
    return current_standing(License.objects.with_standing().get(pk=license.pk), now)


def code(license, now=NOW) -> str:
    return standing(license, now).code


def events(license) -> list[str]:
    rows = LicenseEvent.objects.filter(license_id=license.pk).order_by("sequence")
    return [row.type for row in rows]


# --- The end --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("plan", "grace"),
    [("TRIAL", 0), ("BASIC", 3), ("PRO", 7), ("ENTERPRISE", 14)],
)
def test_an_end_is_decided_by_the_clock_alone(alice, plan, grace):
    ends = NOW + 5 * DAY
    license = issued(alice, LicenseType(plan), expires_at=ends)
    second, last = timedelta(seconds=1), ends + grace * DAY

    codes = [
        code(license, moment) for moment in (ends - second, ends, last - second, last)
    ]

    in_grace = "GRACE" if grace else "LICENSE_EXPIRED"
    before_last = "GRACE" if grace else "VALID"
    assert codes == ["VALID", in_grace, before_last, "LICENSE_EXPIRED"]
    assert standing(license, last).may_open_new is False
    assert standing(license, last).may_manage_open is True
    assert License.objects.get().status == LicenseStatus.ACTIVE  # no job ran


def test_the_last_moment_there_is_has_no_end(alice):
    license = issued(alice, expires_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))

    assert code(license) == "VALID"


def test_the_job_writes_and_tells_of_an_end_once(alice, announced):
    license = issued(alice, expires_at=NOW + DAY)
    ended = NOW + 8 * DAY

    changes = [
        expiry.note_expiries(now=moment)
        for moment in (NOW, ended - timedelta(seconds=1), ended, ended, ended + DAY)
    ]

    assert changes == [1, 0, 1, 0, 0]  # expiring soon, then expired
    assert License.objects.get().status == LicenseStatus.EXPIRED
    assert events(license) == ["issued", "expiring_soon", "expired"]
    assert announced == ["license_expiring_soon", "license_expired"]


def test_a_new_end_is_told_of_anew(alice):
    license = issued(alice, expires_at=NOW + 3 * DAY)
    expiry.note_expiries(now=NOW)
    terms.extend_license(license=license, days=2, **TOLD)

    assert [expiry.note_expiries(now=NOW), expiry.note_expiries(now=NOW)] == [1, 0]


def test_a_license_that_is_extended_after_it_expired_works_at_once(alice):
    license = issued(alice, expires_at=NOW + DAY)
    later = NOW + 60 * DAY
    expiry.note_expiries(now=later)

    extended = terms.extend_license(
        license=license, days=30, actor=COMMAND_LINE, now=later
    )

    assert extended.expires_at == later + 30 * DAY
    assert code(license, later) == "VALID"
    assert License.objects.get().status == LicenseStatus.ACTIVE


def test_an_extension_begins_at_the_end_that_lies_ahead(alice):
    license = issued(alice, expires_at=NOW + 10 * DAY)

    terms.extend_license(license=license, days=30, **TOLD)

    event = LicenseEvent.objects.get(type=LicenseEventType.EXTENDED)
    assert License.objects.get().expires_at == NOW + 40 * DAY
    assert event.reason == "as agreed"
    assert event.after["expires_at"] == (NOW + 40 * DAY).isoformat()


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_an_extension_by_no_such_days_is_refused(alice, days):
    license = issued(alice)

    with pytest.raises(TermInvalid):
        terms.extend_license(license=license, days=days, **TOLD)

    assert events(license) == ["issued"]


@pytest.mark.parametrize("term", [{"is_lifetime": True}, {}])
def test_nothing_extends_a_lifetime_or_a_trial(alice, term):
    plan = LicenseType.PRO if term else LicenseType.TRIAL
    license = issued(alice, plan, **term)

    with pytest.raises(terms.NothingToExtend):
        terms.extend_license(license=license, days=30, **TOLD)


# --- Holds ----------------------------------------------------------------------------
def suspend(license, source=HoldSource.ADMIN):
    holds.suspend_license(license=license, source=source, **TOLD)


def reinstate(license, source=HoldSource.ADMIN):
    holds.reinstate_license(license=license, source=source, **TOLD)


def test_releasing_one_hold_never_releases_another(alice, announced):
    license = issued(alice)
    suspend(license)
    suspend(license, HoldSource.BILLING)

    reinstate(license, HoldSource.BILLING)
    between = code(license), License.objects.get().status
    reinstate(license)

    assert between == ("LICENSE_SUSPENDED", LicenseStatus.SUSPENDED)
    assert (code(license), License.objects.get().status) == ("VALID", "active")
    assert events(license)[1:] == ["suspended", "suspended"] + ["reinstated"] * 2
    assert announced == ["license_suspended", "license_reinstated"]


def test_one_source_suspends_once(alice):
    license = issued(alice)
    suspend(license)

    with pytest.raises(holds.AlreadySuspended):
        suspend(license)

    assert LicenseHold.objects.count() == 1


def test_what_nobody_suspended_is_not_reinstated(alice):
    license = issued(alice)
    suspend(license, HoldSource.ABUSE)

    with pytest.raises(holds.NotSuspended):
        reinstate(license)

    assert code(license) == "LICENSE_SUSPENDED"


def test_a_hold_of_an_expired_license_is_told_before_its_end(alice):
    license = issued(alice, expires_at=NOW + DAY)
    suspend(license)
    later = NOW + 30 * DAY

    assert code(license, later) == "LICENSE_SUSPENDED"
    holds.reinstate_license(
        license=license, source=HoldSource.ADMIN, reason="", actor=SYSTEM, now=later
    )
    assert code(license, later) == "LICENSE_EXPIRED"
    assert expiry.note_expiries(now=later) == 1
    assert License.objects.get().status == LicenseStatus.EXPIRED


def test_a_payment_releases_its_hold_and_not_that_of_a_dispute(alice):
    license = issued(alice)
    for reference in ("past due", "dispute 7"):
        holds.suspend_license(
            license=license, source=HoldSource.BILLING, reference=reference, **TOLD
        )

    holds.reinstate_license(
        license=license, source=HoldSource.BILLING, reference="past due", **TOLD
    )

    assert code(license) == "LICENSE_SUSPENDED"
    assert LicenseHold.objects.open().get().reference == "dispute 7"


def test_what_expired_is_told_once_whatever_is_held_and_released(alice, announced):
    license = issued(alice, expires_at=NOW + DAY)
    later = {**TOLD, "now": NOW + 30 * DAY}
    expiry.note_expiries(now=NOW + 30 * DAY)

    holds.suspend_license(license=license, source=HoldSource.ADMIN, **later)
    holds.reinstate_license(license=license, source=HoldSource.ADMIN, **later)

    assert expiry.note_expiries(now=NOW + 30 * DAY) == 0
    assert License.objects.get().status == LicenseStatus.EXPIRED
    assert announced == ["license_expired", "license_suspended"]


def test_longer_grace_brings_licenses_back(alice):
    license = issued(alice, expires_at=NOW + DAY)
    later = NOW + 9 * DAY
    expiry.note_expiries(now=later)
    Plan.objects.filter(license_type="PRO").update(grace_days=30)

    assert code(license, later) == "GRACE"
    assert expiry.note_expiries(now=later) == 1
    assert License.objects.get().status == LicenseStatus.ACTIVE
    assert expiry.note_expiries(now=later) == 0


def test_what_is_revoked_is_not_told_to_end_soon(alice, announced):
    license = issued(alice, expires_at=NOW + DAY)
    terms.revoke_license(license=license, **TOLD)

    assert expiry.note_expiries(now=NOW) == 0
    assert announced == ["license_revoked"]


# --- Revoked, and plans ---------------------------------------------------------------
def test_revoking_is_final_and_keeps_the_row(alice):
    license = issued(alice)
    suspend(license)
    terms.revoke_license(license=license, **TOLD)

    attempts = [
        lambda: terms.revoke_license(license=license, **TOLD),
        lambda: terms.extend_license(license=license, days=1, **TOLD),
        lambda: reinstate(license),
        lambda: suspend(license, HoldSource.BILLING),
        lambda: terms.change_plan(
            license=license, license_type=LicenseType.BASIC, **TOLD
        ),
    ]

    for attempt in attempts:
        with pytest.raises(LicenseRevoked):
            attempt()
    assert standing(license).code == "LICENSE_REVOKED"
    assert standing(license).may_manage_open is False
    assert events(license) == ["issued", "suspended", "revoked"]


def test_an_owner_who_is_disabled_disables_their_licenses(alice):
    license = issued(alice)
    alice.is_active = False
    alice.save()

    assert code(license) == "ACCOUNT_DISABLED"
    assert standing(license).may_manage_open is True


def test_another_plan_brings_its_accounts(alice):
    license = issued(alice, LicenseType.BASIC)

    terms.change_plan(license=license, license_type=LicenseType.PRO, **TOLD)

    changed = License.objects.get()
    assert (changed.license_type, changed.max_accounts) == ("PRO", 3)
    event = LicenseEvent.objects.get(type=LicenseEventType.PLAN_CHANGED)
    assert (event.before["license_type"], event.after["license_type"]) == (
        "BASIC",
        "PRO",
    )


def test_a_trial_that_becomes_a_plan_runs_the_plans_term(alice):
    license = issued(alice, LicenseType.TRIAL)

    terms.change_plan(license=license, license_type=LicenseType.BASIC, **TOLD)

    changed = License.objects.get()
    assert (changed.expires_at, changed.trial_days) == (NOW + 30 * DAY, None)


def test_plans_that_are_no_change_are_refused(alice):
    license = issued(alice)

    for plan in (LicenseType.PRO, LicenseType.TRIAL):
        with pytest.raises(terms.PlanUnchanged):
            terms.change_plan(license=license, license_type=plan, **TOLD)
    with pytest.raises(MaxAccountsInvalid):
        terms.change_plan(
            license=license, license_type=LicenseType.BASIC, max_accounts=0, **TOLD
        )
    assert events(license) == ["issued"]


def test_plans_are_what_staff_make_them(alice):
    Plan.objects.filter(license_type="PRO").update(grace_days=1, max_accounts=7)
    license = issued(alice, expires_at=NOW + DAY)

    assert license.max_accounts == 7
    assert code(license, NOW + 2 * DAY) == "LICENSE_EXPIRED"


@pytest.mark.django_db
def test_the_four_plans_are_seeded():
    plans = Plan.objects.order_by("max_accounts", "grace_days").values_list(
        "license_type", "max_accounts", "grace_days", "monthly_price", "currency"
    )

    assert [(name, most, days) for name, most, days, _, _ in plans] == [
        ("TRIAL", 1, 0),
        ("BASIC", 1, 3),
        ("PRO", 3, 7),
        ("ENTERPRISE", 10, 14),
    ]
    assert [price is None for _, _, _, price, _ in plans] == [True, False, False, False]
    assert {currency for *_, currency in plans} == {"USD"}


@pytest.mark.parametrize("figures", [{"grace_days": 366}, {"term_days": 36_501}])
def test_a_plan_has_no_figure_that_no_date_can_bear(db, figures):
    plan = Plan.objects.get(license_type="PRO")
    for name, value in figures.items():
        setattr(plan, name, value)

    with pytest.raises(ValidationError):
        plan.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        plan.save()


# --- Trials ---------------------------------------------------------------------------
def test_a_trial_has_days_but_no_end_before_it_begins(alice):
    license = issued(alice, LicenseType.TRIAL, days=5)

    assert (license.expires_at, license.trial_days) == (None, 5)
    assert code(license, NOW + 900 * DAY) == "VALID"


@pytest.mark.parametrize(
    "term",
    [{"days": 15}, {"days": 0}, {"is_lifetime": True}, {"expires_at": NOW + 15 * DAY}],
)
def test_a_trial_is_fourteen_days_at_most(alice, term):
    with pytest.raises(TermInvalid):
        issued(alice, LicenseType.TRIAL, **term)


def test_who_did_it_is_remembered(alice):
    actor = Actor(ActorType.STAFF, alice.pk, "203.0.113.9", "req1")

    license = issued(alice, actor=actor)

    event = LicenseEvent.objects.get(license_id=license.pk)
    assert (event.actor_type, event.actor_id) == ("staff", alice.pk)
    assert (event.ip, event.request_id, event.owner_id) == (
        "203.0.113.9",
        "req1",
        alice.pk,
    )
