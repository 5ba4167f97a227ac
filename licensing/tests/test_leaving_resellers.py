"""What a reseller's suspension held stays held when they leave, and staff lift it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Role, User
from accounts.services import users
from accounts.services.customers import ResellerSuspended
from accounts.tests.factories import ResellerFactory, UserFactory
from licensing.models import LicenseStatus
from licensing.services import resellers
from licensing.services.holds import lift_holds
from licensing.tests.factories import LicenseFactory
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOLD: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOW}


@pytest.fixture
def zed():
    return ResellerFactory.create()


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
def test_a_license_stays_held_until_staff_lift_it(zed, leave):
    license = LicenseFactory.create(user=UserFactory.create(reseller=zed))
    suspend(zed)

    leave(User.objects.get(pk=zed.pk))

    license.refresh_from_db()
    held = license.holds.open().get()
    assert license.status == LicenseStatus.SUSPENDED
    lift_holds(license=license, hold_ids=[held.pk], reason="Not theirs", **TOLD)
    license.refresh_from_db()
    assert license.status == LicenseStatus.ACTIVE


def test_who_is_no_reseller_any_more_is_not_suspended_as_one(zed):
    license = LicenseFactory.create(user=zed)
    demote(User.objects.get(pk=zed.pk))

    with pytest.raises(ResellerSuspended):
        suspend(zed)

    assert not license.holds.exists()
