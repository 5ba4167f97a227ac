"""A reseller who leaves takes along what their suspension held."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Role, User
from accounts.services import users
from accounts.services.customers import ResellerSuspended
from accounts.tests.factories import ResellerFactory, UserFactory
from licensing.models import HoldSource, LicenseEvent, LicenseHold, LicenseStatus
from licensing.services import resellers
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOLD: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOW}


@pytest.fixture
def zed():
    return ResellerFactory.create()


@pytest.fixture
def license(zed):
    """A customer's license that is suspended with its reseller."""
    license = LicenseFactory.create(user=UserFactory.create(reseller=zed))
    suspend(zed)
    return license


def suspend(zed):
    resellers.suspend_reseller(
        reseller=zed, with_licenses=True, reason="unpaid", **TOLD
    )


def demote(zed):
    before = User.objects.get(pk=zed.pk)
    zed.role = Role.USER
    users.save_user(user=zed, before=before, **TOLD)


@pytest.mark.parametrize(
    "leave", [lambda zed: users.delete_user(user=zed, **TOLD), demote]
)
def test_what_a_suspension_held_is_released_when_the_reseller_leaves(
    zed, license, leave
):
    kept = LicenseHoldFactory.create(license__user=license.user)

    leave(User.objects.get(pk=zed.pk))

    license.refresh_from_db()
    event = LicenseEvent.objects.filter(license_id=license.pk).latest("sequence")
    assert license.status == LicenseStatus.ACTIVE
    assert (event.type, event.reason) == ("reinstated", "The reseller is gone")
    assert set(LicenseHold.objects.open()) == {kept}


def test_a_reseller_s_own_holds_stay_for_the_staff(zed, license):
    own = LicenseHoldFactory.create(license=license, source=HoldSource.RESELLER)

    users.delete_user(user=zed, **TOLD)

    assert set(LicenseHold.objects.open()) == {own}


def test_what_else_changes_of_a_reseller_releases_nothing(zed, license):
    before = User.objects.get(pk=zed.pk)
    zed.first_name = "Zoe"

    users.save_user(user=zed, before=before, **TOLD)

    assert LicenseHold.objects.open().count() == 1


def test_who_is_no_reseller_any_more_is_not_suspended_as_one(zed):
    license = LicenseFactory.create(user=zed)
    demote(User.objects.get(pk=zed.pk))

    with pytest.raises(ResellerSuspended):
        suspend(zed)

    assert not license.holds.exists()
