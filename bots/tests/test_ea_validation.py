"""Validate: always 200 for a well-formed key, and what it says of it."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from accounts.services import users as accounts
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from bots.models import BotInstance
from bots.services.validations import ValidationRequest, note_validation, validate
from bots.tests.ea_client import ACTIVATION, Ea, license_key_of
from licensing.keys import generate_key
from licensing.models import License, LicenseEvent, LicenseType
from licensing.services import terms
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE

pytestmark = pytest.mark.django_db
LICENSE_KEYS = {
    "license_type",
    "license_status",
    "license_expires_at",
    "max_accounts",
    "accounts_used",
}
ACCOUNT = {name: ACTIVATION[name] for name in ("mt4_account", "broker_server")}


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=1)


def ask(key, **fields):
    ea = Ea()
    reply = ea.call("validate", license_key=key, **fields)
    assert ea.status == 200
    assert ea.headers["Content-Type"] == "application/json"
    return reply


def verdict(reply):
    return reply["valid"], reply["code"], reply["open_new"], reply["manage_open"]


def test_a_good_key_is_valid(key):
    reply = ask(key, nonce="n7")

    assert list(reply)[:6] == [
        "code",
        "message",
        "request_id",
        "server_time",
        "nonce",
        "valid",
    ]
    assert verdict(reply) == (True, "VALID", True, True)
    assert reply.keys() >= LICENSE_KEYS
    assert (reply["accounts_used"], reply["max_accounts"]) == (0, 1)
    assert not BotInstance.objects.exists()


def test_an_unknown_key_is_told_nothing_more():
    reply = ask(generate_key())

    assert verdict(reply) == (False, "LICENSE_NOT_FOUND", False, False)
    assert not reply.keys() & LICENSE_KEYS


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (True, "VALID", True, True)),
        (ACCOUNT, (True, "VALID", True, True)),
        (
            {**ACCOUNT, "broker_server": "EXAMPLEMARKETS-demo"},
            (True, "VALID", True, True),
        ),
        ({"mt4_account": 900100}, (True, "VALID", True, True)),
        ({"hardware_id": "PC-1", **ACCOUNT}, (True, "VALID", True, True)),
        ({"hardware_id": "PC-2"}, (False, "HARDWARE_MISMATCH", False, False)),
        ({"mt4_account": "7"}, (False, "ACTIVATION_LIMIT", False, False)),
        (
            {**ACCOUNT, "broker_server": "Other-Live"},
            (False, "ACTIVATION_LIMIT", False, False),
        ),
        (
            {"mt4_account": "7", "hardware_id": "PC-2"},
            (False, "HARDWARE_MISMATCH", False, False),
        ),
    ],
)
def test_an_account_is_active_or_not(key, fields, expected):
    Ea().activate(key)

    assert verdict(ask(key, **fields)) == expected


def test_a_free_slot_is_told(alice):
    key = license_key_of(alice, max_accounts=2)
    Ea().activate(key)

    assert verdict(ask(key, mt4_account="7")) == (False, "NOT_ACTIVATED", False, False)


def lapse(key, how):
    license_ = License.objects.get()
    if how == "LICENSE_REVOKED":
        now = clock.now()
        terms.revoke_license(license=license_, reason="", actor=COMMAND_LINE, now=now)
    elif how == "LICENSE_SUSPENDED":
        LicenseHoldFactory.create(license=license_)
    elif how == "LICENSE_EXPIRED":
        License.objects.update(expires_at=clock.now() - timedelta(days=60))
    else:
        license_.user.is_active = False
        license_.user.save()


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("LICENSE_REVOKED", "revoked"),
        ("LICENSE_SUSPENDED", "suspended"),
        ("LICENSE_EXPIRED", "expired"),
        ("ACCOUNT_DISABLED", "active"),
    ],
)
def test_a_lapsed_license_is_told_before_all_of_the_account(key, how, status):
    Ea().activate(key)
    lapse(key, how)

    reply = ask(key, mt4_account="7", hardware_id="PC-2")

    assert verdict(reply) == (False, how, False, how != "LICENSE_REVOKED")
    assert reply["license_status"] == status


def test_in_grace_everything_works(key):
    License.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    reply = ask(key)

    assert verdict(reply) == (True, "GRACE", True, True)
    assert reply["license_status"] == "active"


@pytest.mark.parametrize("plan", ["BASIC", "TRIAL"])
def test_the_clock_decides_to_the_second(alice, plan):
    ends = clock.now() + timedelta(days=2)
    key = license_key_of(alice, LicenseType(plan), expires_at=ends)

    def code(at):
        return validate(request=ValidationRequest(license_key=key), now=at).code

    codes = [code(ends - timedelta(seconds=1)), code(ends)]

    assert codes == ["VALID", "GRACE" if plan == "BASIC" else "LICENSE_EXPIRED"]


# --- Trials ---------------------------------------------------------------------------
def test_a_trial_begins_when_it_is_activated(alice):
    key = license_key_of(alice, LicenseType.TRIAL)
    before = ask(key)

    activation = Ea().activate(key)
    after = ask(key)

    days = (after["license_expires_at"] - after["server_time"]) / 86400
    assert (before["code"], before["license_expires_at"]) == ("VALID", "")
    assert activation["license_expires_at"] == after["license_expires_at"]
    assert round(days, 3) == 14


def test_a_trial_refuses_live_accounts(alice):
    key = license_key_of(alice, LicenseType.TRIAL)

    reply = ask(key, is_live="true", **ACCOUNT)

    assert verdict(reply) == (False, "ACCOUNT_TYPE_NOT_ALLOWED", False, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"mt4_account": "2", "hardware_id": "PC-2"},  # the owner's second
        {"mt4_account": "900100", "hardware_id": "PC-2"},
        {"mt4_account": "2", "hardware_id": "PC-1"},
    ],
)
@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_trial_is_used_once_by_owner_computer_and_account(
    alice, charlie, changes, is_deleted
):
    Ea().activate(license_key_of(alice, LicenseType.TRIAL))
    if is_deleted:  # what it used outlives it
        BotInstance.objects.all().delete()
        License.objects.all().delete()
    is_owners = changes == {"mt4_account": "2", "hardware_id": "PC-2"}
    key = license_key_of(alice if is_owners else charlie, LicenseType.TRIAL)
    ea = Ea()

    said = ask(key, **{**ACCOUNT, **changes})["code"]
    reply = ea.activate(key, **changes)

    assert said == "TRIAL_ALREADY_USED"
    assert (ea.status, reply["code"]) == (409, "TRIAL_ALREADY_USED")
    assert License.objects.get(user=alice if is_owners else charlie, expires_at=None)


def test_who_signs_up_again_has_had_their_trial(alice):
    Ea().activate(license_key_of(alice, LicenseType.TRIAL))
    accounts.delete_user(user=alice, now=clock.now())
    again = UserFactory.create(email=alice.email.upper().lower())
    ea = Ea()

    ea.activate(
        license_key_of(again, LicenseType.TRIAL), mt4_account="2", hardware_id="PC-2"
    )

    assert ea.status == 409


def test_a_trials_clock_stands_in_its_event(alice):
    Ea().activate(license_key_of(alice, LicenseType.TRIAL))

    event = LicenseEvent.objects.get(type="activated")
    assert event.before == {"expires_at": None}
    assert datetime.fromisoformat(event.after["expires_at"]) > clock.now()


def test_a_trial_goes_on_where_it_began(alice):
    key = license_key_of(alice, LicenseType.TRIAL)
    ea = Ea()
    ea.activate(key)
    ends = License.objects.get().expires_at
    ea.call("deactivate")

    again = ea.activate(key)

    assert (ea.status, again["code"]) == (201, "ACTIVATED")
    assert License.objects.get().expires_at == ends


# --- What it costs --------------------------------------------------------------------
def validated_at() -> datetime:
    noted = License.objects.get().last_validated
    assert noted
    return noted


def test_a_validation_is_noted_once_a_minute(key, count_statements):
    ask(key, **ACCOUNT)
    noted = validated_at()

    with count_statements() as steady:
        ask(key, **ACCOUNT)
    unchanged = validated_at()
    License.objects.update(last_validated=noted - timedelta(minutes=2))
    with count_statements() as noting:
        ask(key, **ACCOUNT)
    noted_again = validated_at()
    # Another session was faster, and this one has read the license before.
    stale = License(pk=License.objects.get().pk)
    note_validation(stale, noted_again + timedelta(seconds=59))

    assert validated_at() == noted_again
    assert unchanged == noted
    assert validated_at() > noted
    assert (len(steady), len(noting)) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_a_validation_waits_for_no_lock(alice):
    key = license_key_of(alice)
    with transaction.atomic():
        License.objects.select_for_update().get()
        (code,) = all_at_once([lambda: ask(key)["code"]])

    assert code == "VALID"
