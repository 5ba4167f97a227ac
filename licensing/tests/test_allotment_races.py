"""Two sessions of one reseller, at the same time, for what only one can have."""

from datetime import UTC, datetime
from functools import partial

import pytest

from accounts.tests.factories import ResellerFactory, UserFactory
from accounts.tests.threads import all_at_once
from licensing.models import Cycle, License, LicenseType
from licensing.services import reselling
from licensing.services.allotments import (
    AllotmentInUse,
    AllotmentUsedUp,
    reduce_allotment,
)
from licensing.services.locks import LicenseRevoked
from licensing.services.reselling import Order
from licensing.tests.factories import AllotmentFactory
from licensing.tests.ledgers import figures, ledgers
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROUNDS = range(20)


@pytest.fixture
def bob():
    reseller = ResellerFactory.create()
    UserFactory.create(email="alice@example.com", reseller=reseller)
    return reseller


def issue(bob, key, quantity=1):
    order = Order(
        email="alice@example.com",
        license_type=LicenseType.PRO,
        cycle=Cycle.MONTHLY,
        quantity=quantity,
    )
    try:
        issued = reselling.issue_licenses(
            reseller=bob,
            order=order,
            actor=COMMAND_LINE,
            now=NOW,
            idempotency_key=key,
        )
    except AllotmentUsedUp:
        return []
    return [one.license.pk for one in issued]


def test_two_sessions_get_the_last_credit_once_in_twenty_rounds(bob):
    for number in ROUNDS:
        AllotmentFactory.create(reseller=bob, total=1)

        got = all_at_once([partial(issue, bob, f"{number}-{each}") for each in "ab"])

        assert sorted(map(len, got)) == [0, 1]
        assert figures() == ledgers() == {"Pro Monthly": (number + 1, number + 1)}
    assert License.objects.count() == len(ROUNDS)


def test_one_form_sent_twice_at_once_issues_once_in_twenty_rounds(bob):
    AllotmentFactory.create(reseller=bob, total=100)
    for number in ROUNDS:
        first, second = all_at_once([partial(issue, bob, str(number), 2)] * 2)

        assert first == second
        assert figures() == ledgers() == {"Pro Monthly": (100, 2 * number + 2)}


def test_orders_for_three_of_five_do_not_share_in_twenty_rounds(bob):
    AllotmentFactory.create(reseller=bob, total=5)
    for number in ROUNDS:
        got = all_at_once([partial(issue, bob, f"{number}-{each}", 3) for each in "ab"])

        assert sorted(map(len, got)) == [0, 3]
        AllotmentFactory.create(reseller=bob, total=3)
        assert figures() == ledgers()


def test_a_license_revoked_twice_at_once_is_credited_once_in_twenty_rounds(bob):
    AllotmentFactory.create(reseller=bob, total=5)

    def revoke(pk):
        try:
            return reselling.revoke_with_credit(
                license=License.objects.get(pk=pk),
                reason="a mistake",
                actor=COMMAND_LINE,
                now=NOW,
            )
        except LicenseRevoked:
            return None

    for number in ROUNDS:
        (pk,) = issue(bob, str(number))

        got = all_at_once([partial(revoke, pk)] * 2)

        assert sorted(got, key=str) == [1, None]
        assert figures() == ledgers() == {"Pro Monthly": (5, 0)}


def test_what_is_issued_meanwhile_is_not_taken_back_in_twenty_rounds(bob):
    allotment = AllotmentFactory.create(reseller=bob, total=1)

    def reduce(key):
        try:
            reduce_allotment(
                allotment=allotment,
                quantity=1,
                actor=COMMAND_LINE,
                now=NOW,
                idempotency_key=key,
            )
        except AllotmentInUse:
            return []
        return ["reduced"]

    for number in ROUNDS:
        got = all_at_once(
            [partial(issue, bob, f"i{number}"), partial(reduce, f"r{number}")]
        )

        assert sorted(map(len, got)) == [0, 1]
        assert figures() == ledgers()
        AllotmentFactory.create(reseller=bob, total=1)
