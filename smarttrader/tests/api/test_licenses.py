"""Licenses over the user API: keys stay masked, what is done leaves its trace."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.tests.factories import PASSWORD
from bots.models import BotInstance
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import (
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseStatus,
    LicenseType,
)
from licensing.services import terms
from licensing.standing import effective_status
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each

pytestmark = pytest.mark.django_db

PROOF = {"password": PASSWORD}


@pytest.fixture
def issued(cast):
    """Alice's key, and the license that it opens."""
    key = license_key_of(cast["alice"])
    return key, License.objects.get(user=cast["alice"])


def events(license):
    return list(
        LicenseEvent.objects.filter(license_id=license.pk)
        .order_by("sequence")
        .values_list("type", "actor_type", "actor_id")
    )


def test_a_license_tells_where_it_is_in_use_and_no_key(cast, issued):
    key, license = issued
    Ea().activate(key)
    bot = BotInstance.objects.get()
    api = Api(cast["alice"])

    told = api.get(f"licenses/{license.pk}")

    assert told["accounts"] == [
        {
            "bot": str(bot.pk),
            "instance_name": "MT4 900100",
            "mt4_account": "900100",
            "broker_name": "Example Markets",
            "broker_server": "ExampleMarkets-Demo",
        }
    ]
    assert (told["accounts_used"], told["is_hardware_locked"]) == (1, True)
    assert told["masked_key"] == f"SST-*****-*****-*****-*****-{key[-2:]}"
    assert key not in api.last.text
    assert license.license_key not in api.last.text


def test_revealing_tells_the_key_and_leaves_an_event(cast, issued):
    key, license = issued
    alice = cast["alice"]

    told = Api(alice).post(
        f"licenses/{license.pk}/reveal", PROOF | {"reason": "New PC"}
    )

    assert told == {"license_key": key}
    assert events(license)[-1] == (LicenseEventType.KEY_REVEALED, "user", alice.pk)
    assert LicenseEvent.objects.latest("sequence").reason == "New PC"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({}, (400, "VALIDATION_ERROR")),
        ({"password": "wrong horse battery staple"}, (403, "PASSWORD_WRONG")),
        (PROOF | {"user": str(UNKNOWN_ID)}, (400, "VALIDATION_ERROR")),
        (PROOF | {"reason": "x" * 256}, (400, "VALIDATION_ERROR")),
    ],
)
@pytest.mark.parametrize("action", ["reveal", "rotate"])
def test_without_proof_nothing_is_told_or_changed(cast, issued, action, body, outcome):
    _, license = issued
    api = Api(cast["alice"])

    api.post(f"licenses/{license.pk}/{action}", body)

    assert api.outcome == outcome
    assert [kind for kind, _, _ in events(license)] == [LicenseEventType.ISSUED]
    assert License.objects.get(pk=license.pk).license_key == license.license_key


def test_rotating_gives_a_new_key_and_ends_the_tokens(cast, issued):
    key, license = issued
    ea = Ea()
    ea.activate(key)

    told = Api(cast["bob"]).post(f"licenses/{license.pk}/rotate", PROOF)

    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert ea.activate(key)["code"] == "LICENSE_NOT_FOUND"
    assert ea.activate(told["license_key"])["code"] == "ALREADY_ACTIVATED"
    assert events(license)[-1][1:] == ("reseller", cast["bob"].pk)


@pytest.mark.parametrize(("who", "most"), [("alice", 3), ("bob", 2)])
def test_hardware_is_reset_so_often_and_then_by_staff(cast, issued, who, most):
    _, license = issued
    api = Api(cast[who])
    path = f"licenses/{license.pk}/reset-hardware"

    outcomes = []
    for _ in range(most + 1):
        api.post(path, {"reason": "New computer"})
        outcomes.append(api.outcome)
    staff = Api(cast["staff"])
    staff.post(path)

    assert outcomes == [(200, "")] * most + [(403, "TOO_MANY_HARDWARE_RESETS")]
    assert staff.outcome == (200, "")


def test_releasing_frees_the_account_once(cast, issued):
    key, license = issued
    ea = Ea()
    ea.activate(key)
    ea.activate(key, instance_name="A second EA")
    bot = BotInstance.objects.order_by("id")[0]
    api = Api(cast["alice"])
    path = f"licenses/{license.pk}/accounts/{bot.pk}/release"

    first = api.post(path)
    api.post(path)

    assert first == {"released": 2}
    assert api.outcome == (404, "NOT_ACTIVATED")
    assert api.get(f"licenses/{license.pk}")["accounts_used"] == 0
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"


def test_a_bot_is_released_by_its_own_license_alone(cast):
    mine, other = give_one_of_each(cast["alice"]), give_one_of_each(cast["alice"])
    theirs = give_one_of_each(cast["charlie"])
    api = Api(cast["alice"])

    outcomes = set()
    for license, bot in [
        (mine.license, other.bot),
        (mine.license, theirs.bot),
        (theirs.license, theirs.bot),
    ]:
        api.post(f"licenses/{license.pk}/accounts/{bot.pk}/release")
        outcomes.add(api.outcome)

    assert outcomes == {(404, "NOT_FOUND")}
    assert not BotInstance.objects.exclude(released_at=None).exists()


@pytest.mark.parametrize("action", ["reveal", "rotate", "reset-hardware"])
def test_nobody_acts_on_a_license_that_is_not_theirs(cast, issued, action):
    _, license = issued
    body = {} if action == "reset-hardware" else PROOF
    before = events(license)

    outcomes = set()
    for who in ("charlie", "dana"):
        api = Api(cast[who])
        api.post(f"licenses/{license.pk}/{action}", body)
        outcomes.add(api.outcome)

    assert outcomes == {(404, "NOT_FOUND")}
    assert events(license) == before


def test_a_revoked_license_is_shown_and_not_changed(cast, issued):
    _, license = issued
    terms.revoke_license(license=license, actor=SYSTEM, reason="Fraud", now=clock.now())
    api = Api(cast["alice"])

    outcomes = []
    for action, body in [("rotate", PROOF), ("reset-hardware", {}), ("reveal", PROOF)]:
        api.post(f"licenses/{license.pk}/{action}", body)
        outcomes.append(api.outcome)

    assert api.get(f"licenses/{license.pk}")["status"] == "revoked"
    assert outcomes == [(409, "LICENSE_REVOKED")] * 2 + [(200, "")]


def test_licenses_are_found_by_the_status_that_they_have_now(cast):
    alice, now = cast["alice"], clock.now()
    ends = [None, now + timedelta(days=1), now - timedelta(days=5)]
    ends += [now - timedelta(days=8), datetime(9999, 12, 31, tzinfo=UTC)]
    for written in LicenseStatus:
        for kind in (LicenseType.BASIC, LicenseType.PRO):
            for end in ends:
                fields = {"license_type": kind, "expires_at": end, "status": written}
                LicenseFactory.create(user=alice, **fields)
                held = LicenseFactory.create(user=alice, **fields)
                LicenseHoldFactory.create(license=held)
    expected: dict[str, set[str]] = {status: set() for status in LicenseStatus}
    for each in License.objects.with_standing():
        standing: Any = each
        status = effective_status(
            each,
            is_held=standing.is_held,
            grace_days=standing.grace_days,
            now=now,
        )
        expected[status].add(str(each.pk))
    api = Api(alice)

    found = {each: set(api.listed("licenses", status=each)) for each in LicenseStatus}

    assert found == expected
    assert all(expected.values())
