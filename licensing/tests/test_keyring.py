"""License keys at rest: sealed by the newest key of a ring, opened by all of them."""

import base64
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from licensing import checks, queries
from licensing.keyring import COLUMN, current_keyring
from licensing.keys import canonical_key, generate_key
from licensing.models import KeyCheck, License, LicenseType
from licensing.services.issuing import IssuedLicense, issue_license
from licensing.services.sealing import KeyringMismatch
from licensing.tests.test_issue_license import NOW
from smarttrader.lib.keyring import (
    KEY_BYTES,
    Keyring,
    _laptop_keyring,
    generate_keyring,
)

OLD, NEW = (
    f"{name}:{base64.urlsafe_b64encode(hashlib.sha512(name.encode()).digest()).decode()}"
    for name in ("k1", "k2")
)


def ring_of(text: str) -> Keyring:
    return Keyring(text, COLUMN)


RING = ring_of(OLD)


@given(text=st.text(max_size=60))
def test_sealed_text_opens_to_itself(text: str):
    assert RING.open(RING.seal(text)) == text


def test_seal_is_the_same_each_time_and_fits_its_column():
    key = canonical_key(generate_key())

    sealed = RING.seal(key)

    assert sealed == RING.seal(key)
    assert sealed.startswith("k1.")
    assert len(sealed) <= 100
    assert key not in sealed


def test_newest_key_seals_and_every_key_opens():
    ring = ring_of(f"{NEW}\n{OLD}")

    assert ring.seal("text").startswith("k2.")
    assert ring.open(RING.seal("text")) == "text"
    assert ring.candidates("text") == [ring.seal("text"), RING.seal("text")]


def test_other_keyring_does_not_open():
    with pytest.raises(ValueError, match="not sealed by any key"):
        ring_of(generate_keyring()).open(RING.seal("text"))


def test_what_is_sealed_for_one_column_opens_for_no_other():
    with pytest.raises(ValueError, match="not sealed by any key"):
        Keyring(OLD, "mfa_authenticator.data").open(RING.seal("text"))


def test_key_of_the_same_name_but_other_bytes_does_not_open():
    with pytest.raises(ValueError, match="not sealed by any key"):
        ring_of(NEW.replace("k2:", "k1:")).open(RING.seal("text"))


@given(data=st.data())
def test_changed_seal_does_not_open(data: st.DataObject):
    octets = bytearray(base64.urlsafe_b64decode(RING.seal("a license key")[3:] + "=="))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(ValueError, match="not sealed by any key"):
        RING.open("k1." + base64.urlsafe_b64encode(octets).decode())


@pytest.mark.parametrize("sealed", ["", "k1.", "k1", ".", "k9.AAAA", "k1.€", "k1.A"])
def test_text_that_is_no_seal_does_not_open(sealed: str):
    with pytest.raises(ValueError, match="not sealed by any key"):
        RING.open(sealed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n,",
        "k1",
        "k1:",
        "k1:AAAA",
        "k1:not base64!",
        "k1:ключ",
        ":" + OLD[3:],
        "K1:" + OLD[3:],
        "k1 :" + OLD[3:],
        "much-too-long:" + OLD[3:],
        f"{OLD},{OLD}",
        f"{OLD}\n{NEW.replace('k2', 'k1')}",
        "k1:" + base64.urlsafe_b64encode(bytes(KEY_BYTES)).decode(),
        "k1:" + base64.urlsafe_b64encode(b"x" * (KEY_BYTES - 1)).decode(),
        "\ufffd\ufffd",
    ],
)
def test_bad_keyring_is_refused_without_telling_it(text: str):
    with pytest.raises(ImproperlyConfigured) as refusal:
        ring_of(text)

    assert OLD[3:] not in str(refusal.value)


def test_keyring_file_comes_before_the_variable(settings: Any, tmp_path: Path):
    path = tmp_path / "ring"
    path.write_text(f"{NEW}\n")
    settings.LICENSE_KEYRING_FILE = str(path)
    settings.LICENSE_KEYRING = OLD

    assert current_keyring().seal("text") == ring_of(NEW).seal("text")


def test_production_without_a_keyring_is_refused(settings: Any):
    settings.LICENSE_KEYRING_FILE = settings.LICENSE_KEYRING = ""
    settings.DEBUG = False

    with pytest.raises(ImproperlyConfigured, match="LICENSE_KEYRING_FILE"):
        current_keyring()
    assert [error.id for error in checks.keyring_is_usable()] == ["smarttrader.E001"]


@pytest.mark.parametrize("content", [None, b"k1:short", bytes(range(256)) * 4])
def test_unusable_keyring_file_shows_as_a_system_check(
    content: bytes | None, settings: Any, tmp_path: Path
):
    path = tmp_path / "ring"
    if content is not None:
        path.write_bytes(content)
    settings.LICENSE_KEYRING_FILE = str(path)

    assert [error.id for error in checks.keyring_is_usable()] == ["smarttrader.E001"]


def test_rotated_ring_finds_licenses_of_both_keys(alice: User, settings: Any):
    settings.LICENSE_KEYRING = OLD
    first = _issue(alice)
    settings.LICENSE_KEYRING = f"{NEW},{OLD}"
    second = _issue(alice)

    assert first.license.license_key.startswith("k1.")
    assert second.license.license_key.startswith("k2.")
    assert queries.license_by_key(first.key) == first.license
    assert queries.license_by_key(second.key) == second.license


def test_wrong_keyring_stops_the_issue_of_licenses(alice: User, settings: Any):
    settings.LICENSE_KEYRING = OLD
    issued = _issue(alice)
    settings.LICENSE_KEYRING = generate_keyring()

    with pytest.raises(KeyringMismatch):
        _issue(alice)

    assert License.objects.get() == issued.license
    errors = run_checks(tags=["database"], databases=["default"])
    assert [error.id for error in errors] == ["smarttrader.E002"]


def test_right_keyring_passes_the_system_checks(alice: User):
    assert run_checks(tags=["database"], databases=["default"]) == []

    _issue(alice)

    assert run_checks(tags=["database"], databases=["default"]) == []
    assert KeyCheck.objects.count() == 1


def test_check_without_a_database_asks_none():
    assert checks.keyring_opens_the_stored_keys(databases=None) == []


def test_laptop_keyring_is_made_once_by_two_processes(tmp_path: Path):
    path = tmp_path / "var" / "license-keyring"
    code = (
        "import sys, django; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "django.setup(); from smarttrader.lib.keyring import _laptop_keyring;"
        "sys.stdin.read(1); print(_laptop_keyring(Path(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(  # noqa: S603 -- our own code
            [sys.executable, "-c", code, path, django_settings.BASE_DIR],
            env={"DJANGO_SETTINGS_MODULE": "smarttrader.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    for process in processes:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    texts = {process.communicate(timeout=60)[0].strip() for process in processes}

    assert texts == {path.read_text()}
    assert ring_of(path.read_text()).open(ring_of(texts.pop()).seal("text")) == "text"
    assert path.stat().st_mode & 0o077 == 0
    assert [found.name for found in path.parent.iterdir()] == ["license-keyring"]


def test_laptop_keyring_stays_the_same(tmp_path: Path):
    path = tmp_path / "license-keyring"

    assert _laptop_keyring(path) == _laptop_keyring(path) == path.read_text()


def _issue(user: User) -> IssuedLicense:
    return issue_license(user=user, license_type=LicenseType.PRO, now=NOW)
