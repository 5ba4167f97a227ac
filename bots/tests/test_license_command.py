"""`manage.py license`: what staff do from a shell, and what acceptance tests use."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bots.tests.ea_client import Ea, license_key_of
from licensing.keys import canonical_key
from licensing.models import License, LicenseEvent, LicenseType
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(alice):
    return license_key_of(alice)


def run(action, key, *options):
    out = StringIO()
    call_command("license", action, "--key", key, *options, stdout=out)
    return out.getvalue().strip()


def code(key):
    return Ea().call("validate", license_key=key)["code"]


def refusal(action, key, *options):
    with pytest.raises(CommandError) as error:
        run(action, key, *options)
    return error.value.returncode, str(error.value).partition(":")[0]


def test_suspend_and_reinstate(key):
    run("suspend", key, "--reason", "chargeback")
    suspended = code(key)
    run("reinstate", key.lower().replace("-", ""))

    assert (suspended, code(key)) == ("LICENSE_SUSPENDED", "VALID")
    event = LicenseEvent.objects.get(type="suspended")
    assert (event.reason, event.actor_type) == ("chargeback", "staff")


def test_revoke(key):
    run("revoke", key)

    assert code(key) == "LICENSE_REVOKED"
    for action in ("revoke", "suspend", "reinstate", "reset-hardware", "rotate"):
        assert refusal(action, key) == (2, "LICENSE_REVOKED")
    assert refusal("extend", key, "--days=3") == (2, "LICENSE_REVOKED")


def test_extend(key):
    License.objects.update(expires_at=clock.now() - timedelta(days=60))
    expired = code(key)

    run("extend", key, "--days", "10")

    ends = License.objects.get().expires_at
    assert (expired, code(key)) == ("LICENSE_EXPIRED", "VALID")
    assert ends
    assert timedelta(days=9) < ends - clock.now() <= timedelta(days=10)


def test_extend_needs_days(key):
    with pytest.raises(CommandError, match="extend needs --days"):
        run("extend", key)


def test_reset_hardware(key):
    Ea().activate(key)

    run("reset-hardware", key)

    assert Ea().activate(key, hardware_id="PC-2")["code"] == "ALREADY_ACTIVATED"


def test_rotate_prints_the_new_key_alone(key):
    new = run("rotate", key)

    assert canonical_key(new) == new.replace("-", "")
    assert (code(key), code(new)) == ("LICENSE_NOT_FOUND", "VALID")


def test_reveal_by_the_licenses_id(key):
    out = StringIO()

    call_command(
        "license", "reveal", "--license", str(License.objects.get().pk), stdout=out
    )

    assert out.getvalue().strip() == key
    assert LicenseEvent.objects.filter(type="key_revealed").count() == 1


def test_change_plan_and_transfer(key, charlie):
    run("change-plan", key, "--plan", "enterprise", "--max-accounts", "4")
    run("transfer", key, "--to", charlie.email.upper())

    license = License.objects.get()
    assert (license.license_type, license.max_accounts) == (LicenseType.ENTERPRISE, 4)
    assert license.user == charlie


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("SST-00000-00000-00000-00000-00", (2, "LICENSE_NOT_FOUND")),
        ("SST-1", (2, "KEY_MALFORMED")),
    ],
)
def test_a_key_that_is_none_ends_with_two(db, key, expected):
    assert refusal("suspend", key) == expected


def test_nobody_to_transfer_to(key):
    assert refusal("transfer", key, "--to", "nobody@example.com") == (
        2,
        "USER_NOT_FOUND",
    )


def test_what_makes_no_sense_is_refused_by_name(key):
    assert refusal("reinstate", key) == (2, "NOT_SUSPENDED")
    run("suspend", key)
    assert refusal("suspend", key) == (2, "ALREADY_SUSPENDED")
