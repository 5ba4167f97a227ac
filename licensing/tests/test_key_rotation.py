"""`manage.py rotate_license_keys`, and what stops a process with the wrong keyring."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from licensing import queries
from licensing.keyring import COLUMN
from licensing.models import KeyCheck, License, LicenseType
from licensing.services.issuing import issue_license
from licensing.services.sealing import KeyringMismatch, rotate_license_keys
from smarttrader.lib.keyring import Keyring, generate_keyring
from smarttrader.lib.startup import refuse_unsafe_secrets

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OLD, NEW = generate_keyring(), generate_keyring().replace("k1:", "k2:")


@pytest.fixture
def keys(alice, settings):
    settings.LICENSE_KEYRING = OLD
    settings.DEBUG = True  # a laptop, whose secrets everybody knows
    return [
        issue_license(user=alice, license_type=LicenseType.PRO, now=NOW).key
        for _ in range(5)
    ]


def rotate():
    out = StringIO()
    call_command("rotate_license_keys", stdout=out, stderr=StringIO())
    return out.getvalue()


def test_every_key_is_sealed_by_the_newest_and_found_by_it_alone(keys, alice, settings):
    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    settings.LICENSE_KEYRING = f"{NEW},{OLD}"

    printed = rotate()
    settings.LICENSE_KEYRING = NEW

    found = [queries.license_by_key(key) for key in keys]
    assert printed == "5 keys sealed anew\n1 second factors sealed anew\n"
    assert all(found)
    assert {license.license_key[:3] for license in found if license} == {"k2."}
    assert Keyring(NEW, COLUMN).open(KeyCheck.objects.get().sealed)
    refuse_unsafe_secrets()


def test_a_rotation_that_was_stopped_goes_on(keys, settings):
    settings.LICENSE_KEYRING = f"{NEW},{OLD}"
    license = queries.license_by_key(keys[2])
    assert license
    License.objects.filter(pk=license.pk).update(
        license_key=Keyring(NEW, COLUMN).seal(
            Keyring(OLD, COLUMN).open(license.license_key)
        )
    )

    assert (rotate_license_keys(), rotate_license_keys()) == (4, 0)
    assert all(queries.license_by_key(key) for key in keys)


def test_without_the_old_key_nothing_is_touched(keys, settings):
    before = set(License.objects.values_list("license_key", flat=True))
    settings.LICENSE_KEYRING = NEW

    with pytest.raises(KeyringMismatch):
        rotate_license_keys()
    with pytest.raises(CommandError, match="KEYRING_MISMATCH"):
        rotate()

    assert set(License.objects.values_list("license_key", flat=True)) == before


def test_progress_is_told(keys, settings):
    settings.LICENSE_KEYRING = f"{NEW},{OLD}"
    told: list[int] = []

    rotate_license_keys(progress=told.append)

    assert told == [5]


def test_the_wrong_keyring_stops_a_process(keys, settings):
    refuse_unsafe_secrets()
    settings.LICENSE_KEYRING = NEW

    with pytest.raises(SystemExit, match="E002"):
        refuse_unsafe_secrets()


def test_no_keyring_stops_a_process(settings):
    settings.LICENSE_KEYRING, settings.DEBUG = "", False

    with pytest.raises(SystemExit, match="E001"):
        refuse_unsafe_secrets()


@pytest.mark.parametrize("name", ["JWT_SIGNING_KEY", "SECRET_KEY"])
def test_a_secret_that_everybody_knows_stops_a_process(keys, settings, name):
    settings.DEBUG = False
    settings.JWT_SIGNING_KEY = settings.SECRET_KEY = "s" * 60
    refuse_unsafe_secrets()
    setattr(settings, name, "laptop-only-" + "1" * 60)

    with pytest.raises(SystemExit, match=f"E004: {name}"):
        refuse_unsafe_secrets()
