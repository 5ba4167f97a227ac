"""A reseller is charged nothing for a customer whose account is disabled."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from accounts.services.customers import CustomerDisabled
from licensing.models import Cycle, License, LicenseType
from licensing.services import reselling
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib.actors import Actor, ActorType

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
UNTOUCHED = {"Pro Monthly": (5, 0)}


@pytest.fixture
def customer(alice, bob):
    """Bob's, who has five credits; her account is disabled."""
    alice.reseller, alice.is_active = bob, False
    alice.save()
    AllotmentFactory.create(reseller=bob)
    return alice


def by(bob):
    key = uuid.uuid4().hex
    actor = Actor(ActorType.RESELLER, bob.pk)
    return {"reseller": bob, "actor": actor, "now": NOW, "idempotency_key": key}


@pytest.mark.parametrize("quantity", [1, 3])
def test_nothing_is_issued_to_a_disabled_customer(bob, customer, quantity):
    order = reselling.Order(
        email=customer.email,
        license_type=LicenseType.PRO,
        cycle=Cycle.MONTHLY,
        quantity=quantity,
    )

    with pytest.raises(CustomerDisabled) as refusal:
        reselling.issue_licenses(order=order, **by(bob))

    assert refusal.value.field == "email"
    assert not License.objects.exists()
    assert figures() == ledgers() == UNTOUCHED


def test_a_license_of_a_disabled_customer_is_not_extended(bob, customer):
    ends = NOW + timedelta(days=3)
    license = LicenseFactory.create(user=customer, expires_at=ends)

    with pytest.raises(CustomerDisabled):
        reselling.extend_from_allotment(
            license=license, cycle=Cycle.MONTHLY, cycles=1, **by(bob)
        )

    license.refresh_from_db()
    assert license.expires_at == ends
    assert figures() == ledgers() == UNTOUCHED
