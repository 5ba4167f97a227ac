"""A customer who moves to another reseller brings none of the former one's words."""

import pytest

from accounts.models import User
from accounts.tests.factories import ResellerFactory
from licensing.models import HoldSource, LicenseEvent, LicenseHold
from licensing.services.holds import suspend_license
from licensing.tests.factories import LicenseFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType

pytestmark = pytest.mark.django_db


def suspend(license, actor, source, reason):
    suspend_license(
        license=license, source=source, reason=reason, actor=actor, now=clock.now()
    )


def test_the_next_reseller_reads_staffs_reasons_but_not_the_former_resellers(bob):
    customer = User.objects.get(pk=LicenseFactory.create(user__reseller=bob).user_id)
    license = customer.licenses.get()
    seller = Actor(ActorType.RESELLER, bob.pk)
    staff = Actor(ActorType.STAFF, None)
    suspend(license, seller, HoldSource.RESELLER, "They owe me 300")
    suspend(license, staff, HoldSource.ADMIN, "Abuse")
    next_reseller = ResellerFactory.create()

    before = reasons_seen_by(bob)
    customer.reseller = next_reseller
    customer.save()

    assert before == ({"They owe me 300", "Abuse"},) * 2
    assert reasons_seen_by(next_reseller) == ({"Abuse"},) * 2
    assert reasons_seen_by(bob) == (set(),) * 2


def reasons_seen_by(user):
    return tuple(
        set(rows.visible_to(user).exclude(reason="").values_list("reason", flat=True))
        for rows in (LicenseEvent.objects, LicenseHold.objects)
    )
