"""Under a lapsed license: nothing new, but no position loses its record."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bots.models import BotInstance
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License, LicenseHold, LicenseStatus
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock
from trading.models import Trade
from trading.tests.sync_payloads import CLOSE, LOG, OPEN, TICK, accepted, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def expire() -> None:
    License.objects.update(expires_at=clock.now() - timedelta(days=90))


def suspend() -> None:
    LicenseHoldFactory.create(license=License.objects.get())


def revoke() -> None:
    License.objects.update(status=LicenseStatus.REVOKED)


def disable() -> None:
    User.objects.update(is_active=False)


LAPSES = [
    pytest.param(lapse, code, id=code)
    for lapse, code in (
        (expire, "LICENSE_EXPIRED"),
        (suspend, "LICENSE_SUSPENDED"),
        (revoke, "LICENSE_REVOKED"),
        (disable, "ACCOUNT_DISABLED"),
    )
]


@pytest.mark.parametrize(("lapse", "code"), LAPSES)
def test_sync_under_a_lapsed_license_keeps_the_record_of_positions(ea, lapse, code):
    granted = ea.call("sync", trades=[OPEN])
    lapse()

    reply = ea.call(
        "sync",
        balance=5,
        trades=[{**OPEN, "ticket_number": 5}, CLOSE],
        ticks=[TICK, {**TICK, "ticket_number": 5}],
        logs=[LOG],
    )

    assert (ea.status, reply["code"], accepted(reply)) == (403, code, [1, 1, 1])
    assert set(granted) <= set(reply)
    assert reply["open_new"] is False
    assert [
        (item["list"], item["index"], item["ticket_number"], item["code"])
        for item in reply["rejected"]
    ] == [("trades", 0, "5", code), ("ticks", 1, "5", "UNKNOWN_TICKET")]
    assert Trade.objects.get().status == "closed"
    assert stored() == [1, 1, 1]
    assert BotInstance.objects.get().balance == Decimal("5.00")


@pytest.mark.parametrize(("lapse", "code"), LAPSES)
@pytest.mark.parametrize("call", ["trades", "ticks", "logs"])
def test_each_call_under_a_lapsed_license_has_the_keys_of_a_granted_one(
    ea, lapse, code, call
):
    body = {"trades": [CLOSE], "ticks": [TICK], "logs": [LOG]}
    ea.call("trades", OPEN)
    granted = ea.call(call, {call: []})
    lapse()

    reply = ea.call(call, {call: body[call]})

    assert (ea.status, reply["code"]) == (403, code)
    assert (reply["accepted"], reply["rejected_count"]) == (1, 0)
    assert set(granted) <= set(reply)


@pytest.mark.parametrize(("lapse", "code"), LAPSES)
def test_a_new_ticket_under_a_lapsed_license_is_taken_after_renewal(ea, lapse, code):
    lapse()
    reply = ea.call("trades", OPEN)
    assert (ea.status, reply["first_rejected_code"]) == (403, code)
    LicenseHold.objects.all().delete()
    License.objects.update(status=LicenseStatus.ACTIVE, expires_at=None)
    User.objects.update(is_active=True)

    reply = ea.call("trades", OPEN)

    assert (ea.status, reply["created"]) == (200, 1)


def test_a_closed_ticket_under_a_lapsed_license_stays_as_it_is(ea):
    ea.call("trades", CLOSE)
    before = Trade.objects.values().get()
    suspend()

    reply = ea.call("trades", trades=[CLOSE, {**CLOSE, "comment": "x"}, OPEN])

    assert (ea.status, reply["unchanged"], reply["updated"]) == (403, 3, 0)
    assert Trade.objects.values().get() == before
