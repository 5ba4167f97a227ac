"""Activation and what it may meet, at once, on real connections: exact outcomes."""

import base64
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from bots.models import BotInstance
from bots.services import licenses
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import HoldSource, License, LicenseEvent, LicenseType
from licensing.services import holds
from licensing.services.events import broken_chains
from licensing.services.sealing import rotate_license_keys
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE
from smarttrader.lib.keyring import KEY_BYTES

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]


@pytest.fixture
def owner(db):
    return UserFactory.create()


def activation(key, **changes):
    """Return a call that activates, and answers with status and code."""

    def call():
        ea = Ea()
        code = ea.activate(key, **changes)["code"]
        return ea.status, code

    return call


def test_twenty_accounts_for_one_slot(owner, rounds):
    for _ in range(rounds):
        key = license_key_of(owner, max_accounts=1)

        answers = all_at_once(
            [activation(key, mt4_account=str(number)) for number in range(20)]
        )

        license_ = License.objects.latest("issued_at")
        assert Counter(answers) == {
            (201, "ACTIVATED"): 1,
            (409, "ACTIVATION_LIMIT"): 19,
        }
        assert license_.bot_instances.count() == 1
        assert license_.activation_count == 1
    assert list(broken_chains()) == []


def test_one_account_ten_times(owner, rounds):
    for _ in range(rounds):
        key = license_key_of(owner, max_accounts=1)

        answers = all_at_once([activation(key)] * 10)

        license_ = License.objects.latest("issued_at")
        assert Counter(answers) == {
            (201, "ACTIVATED"): 1,
            (200, "ALREADY_ACTIVATED"): 9,
        }
        assert license_.bot_instances.count() == 1
        assert license_.activation_count == 1


def test_two_computers_for_an_empty_hardware_id(owner, rounds):
    for _ in range(rounds):
        key = license_key_of(owner, max_accounts=5)

        answers = all_at_once(
            [
                activation(key, hardware_id=f"PC-{number}", mt4_account=str(number))
                for number in range(2)
            ]
        )

        assert Counter(answers) == {
            (201, "ACTIVATED"): 1,
            (403, "HARDWARE_MISMATCH"): 1,
        }
    assert LicenseEvent.objects.filter(type="hardware_bound").count() == rounds


def test_deactivate_against_activate(owner, rounds):
    for _ in range(rounds):
        key = license_key_of(owner, max_accounts=1)
        leaving, coming = Ea(), Ea()
        leaving.activate(key)

        left, came = all_at_once(
            [
                lambda: leaving.call("deactivate")["code"],  # noqa: B023
                lambda: coming.activate(key)["code"],  # noqa: B023
            ]
        )

        bot = BotInstance.objects.latest("created_at")
        beat = coming.call("heartbeat")["code"]
        assert left == "DEACTIVATED"
        if came == "ACTIVATED":  # after it had left
            assert (bot.released_at, beat) == (None, "ALIVE")
        else:
            assert came == "ALREADY_ACTIVATED"
            assert (bot.released_at is None, beat) == (False, "TOKEN_INVALID")


def test_two_deactivations_free_the_slot_once(owner, rounds):
    for _ in range(rounds):
        ea = Ea()
        ea.activate(license_key_of(owner))

        codes = all_at_once([lambda: ea.call("deactivate")["code"]] * 4)  # noqa: B023

        assert Counter(codes) == {"DEACTIVATED": 1, "ALREADY_DEACTIVATED": 3}
    assert LicenseEvent.objects.filter(type="deactivated").count() == rounds


def test_suspend_against_activate(owner, rounds):
    for _ in range(rounds):
        key = license_key_of(owner)
        license_ = License.objects.latest("issued_at")
        suspend = partial(
            holds.suspend_license,
            license=license_,
            source=HoldSource.ADMIN,
            reason="a race",
            actor=COMMAND_LINE,
            now=clock.now(),
        )

        _, answer = all_at_once([suspend, activation(key)])

        rows = LicenseEvent.objects.filter(license_id=license_.pk).order_by("sequence")
        types = [row.type for row in rows]
        if answer == (201, "ACTIVATED"):
            assert types == ["issued", "hardware_bound", "activated", "suspended"]
        else:
            assert answer == (403, "LICENSE_SUSPENDED")
            assert types == ["issued", "suspended", "activation_rejected"]
        assert activation(key)()[0] == 403
    assert list(broken_chains()) == []


def test_two_trials_for_one_account(rounds):
    for number in range(rounds):
        keys = [
            license_key_of(UserFactory.create(), LicenseType.TRIAL) for _ in range(2)
        ]

        answers = all_at_once(
            [
                activation(
                    key, mt4_account=str(number), hardware_id=f"PC-{number}-{place}"
                )
                for place, key in enumerate(keys)
            ]
        )

        assert Counter(answers) == {
            (201, "ACTIVATED"): 1,
            (409, "TRIAL_ALREADY_USED"): 1,
        }


def test_a_new_key_against_activate(owner, rounds, settings):
    settings.EA_UNKNOWN_KEYS_PER_IP = 2 * rounds  # its old key is an unknown one
    for _ in range(rounds):
        key = license_key_of(owner)
        license_ = License.objects.latest("issued_at")
        rotate = partial(
            licenses.rotate_key, license=license_, actor=COMMAND_LINE, now=clock.now()
        )
        ea = Ea()

        activate = partial(ea.activate, key)
        calls: list[Callable[[], Any]] = [rotate, activate]

        code = all_at_once(calls)[1]["code"]

        # Either before, and its token has ended, or after, and the key is unknown.
        assert code in ("ACTIVATED", "LICENSE_NOT_FOUND")
        assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"


def test_the_keyring_rotates_while_keys_are_validated(owner, rounds, settings):
    keys = [license_key_of(owner) for _ in range(8)]
    ring = settings.LICENSE_KEYRING

    def validations(key):
        return [Ea().call("validate", license_key=key)["code"] for _ in range(10)]

    for number in range(rounds):
        secret = base64.urlsafe_b64encode(bytes([*range(number, number + KEY_BYTES)]))
        ring = f"r{number}:{secret.decode()}\n{ring}"
        settings.LICENSE_KEYRING = ring

        calls: list[Callable[[], Any]] = [partial(validations, key) for key in keys]

        *codes, rotated = all_at_once([*calls, rotate_license_keys])

        assert {code for some in codes for code in some} == {"VALID"}
        assert rotated == len(keys)
        sealed = License.objects.values_list("license_key", flat=True)
        assert all(text.startswith(f"r{number}.") for text in sealed)
    settings.LICENSE_KEYRING = ring.partition("\n")[0]
    assert [validations(key)[0] for key in keys] == ["VALID"] * len(keys)
