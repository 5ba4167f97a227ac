from datetime import UTC, datetime
from typing import Any

import factory

from accounts.tests.factories import ResellerFactory, UserFactory
from licensing import keys
from licensing.keyring import current_keyring
from licensing.models import (
    Allotment,
    Cycle,
    HoldSource,
    License,
    LicenseHold,
    LicenseStatus,
    LicenseType,
    Plan,
)
from licensing.services.allotments import grant_allotment
from smarttrader.lib.actors import SYSTEM
from smarttrader.lib.ids import uuid7


class PlanFactory(factory.django.DjangoModelFactory[Plan]):
    """The plan of a type as a migration seeded it, or a new one."""

    class Meta:
        model = Plan
        django_get_or_create = ("license_type",)

    license_type = LicenseType.PRO
    max_accounts = 3
    grace_days = 7
    term_days = 30


class LicenseFactory(factory.django.DjangoModelFactory[License]):
    """A license whose printed key is its argument `key`, by default a new one."""

    class Meta:
        model = License

    class Params:
        key: Any = factory.LazyFunction(keys.generate_key)

    user = factory.SubFactory(UserFactory)
    license_key = factory.LazyAttribute(
        lambda made: current_keyring().seal(keys.canonical_key(made.key))
    )
    key_tail = factory.LazyAttribute(lambda made: keys.key_tail(made.key))
    license_type = LicenseType.PRO
    max_accounts = 3
    status = LicenseStatus.ACTIVE
    issued_at = datetime(2026, 1, 1, tzinfo=UTC)
    expires_at = None


class LicenseHoldFactory(factory.django.DjangoModelFactory[LicenseHold]):
    """An open hold: its license is suspended."""

    class Meta:
        model = LicenseHold

    license = factory.SubFactory(LicenseFactory)
    source = HoldSource.ADMIN
    reason = "A test"
    placed_at = datetime(2026, 1, 2, tzinfo=UTC)


class AllotmentFactory(factory.django.DjangoModelFactory[Allotment]):
    """Five credits of PRO by the month, with the line of the ledger that gave them."""

    class Meta:
        model = Allotment

    reseller = factory.SubFactory(ResellerFactory)
    plan = factory.SubFactory(PlanFactory)
    cycle = Cycle.MONTHLY
    total = 5

    @classmethod
    def _create(cls, *_args: Any, **values: Any) -> Any:
        grant_allotment(
            reseller=values["reseller"],
            license_type=LicenseType(values["plan"].license_type),
            cycle=Cycle(values["cycle"]),
            quantity=values["total"],
            actor=SYSTEM,
            now=datetime(2026, 1, 1, tzinfo=UTC),
            idempotency_key=uuid7().hex,
        )
        return Allotment.objects.get(
            reseller=values["reseller"], plan=values["plan"], cycle=values["cycle"]
        )
