"""Secrets of second factors lie sealed, and a new key of the ring seals them anew."""

import importlib
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.db import connection

from accounts.services import second_factors
from accounts.services.second_factors import FactorUnreadable
from smarttrader.lib.keyring import generate_keyring

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"
OLD, NEW = generate_keyring(), generate_keyring().replace("k1:", "k2:")
migration = importlib.import_module("accounts.migrations.0009_sealed_second_factors")


def stored() -> str:
    """Return what whoever reads the table, or a backup of it, sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        [found] = cursor.fetchone()
    return str(found)


def opened(user: Any) -> tuple[str, list[str]]:
    totp = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    codes = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return (
        second_factors.open_sealed(totp.data["secret"]),
        RecoveryCodes(codes).generate_codes(),
    )


def test_the_database_tells_neither_secret_nor_codes(alice, monkeypatch):
    seed = staticmethod(lambda: "5eed" * 20)
    monkeypatch.setattr(RecoveryCodes, "generate_seed", seed)

    TOTP.activate(alice, SECRET)
    codes = RecoveryCodes.activate(alice)

    assert SECRET not in stored()
    assert "5eed5eed" not in stored()
    assert opened(alice) == (SECRET, codes.generate_codes())
    assert len(set(codes.generate_codes())) == 10


def test_a_sealed_recovery_code_is_good_once(alice):
    RecoveryCodes.activate(alice)
    [factor] = Authenticator.objects.all()
    [code, *_] = factor.wrap().get_unused_codes()

    told = [Authenticator.objects.get().wrap().validate_code(code) for _ in range(2)]

    assert told == [True, False]
    assert code not in Authenticator.objects.get().wrap().get_unused_codes()


def test_what_lay_open_is_sealed_by_the_migration_and_opened_on_the_way_back(alice):
    lying = {"secret": SECRET}
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data=lying)
    seeded = {"seed": "5eed" * 20, "used_mask": 5}
    Authenticator.objects.create(
        user=alice, type=Authenticator.Type.RECOVERY_CODES, data=seeded
    )

    migration.seal(apps, None)
    sealed, found = stored(), opened(alice)
    migration.open_again(apps, None)

    assert SECRET not in sealed
    assert "5eed5eed" not in sealed
    assert found[0] == SECRET
    assert [*Authenticator.objects.order_by("pk").values_list("data", flat=True)] == [
        lying,
        seeded,
    ]


def test_a_new_key_seals_each_factor_anew_and_opens_it_alone(alice, bob, settings):
    settings.LICENSE_KEYRING = OLD
    for user in (alice, bob):
        TOTP.activate(user, SECRET)
        RecoveryCodes.activate(user)
    before = opened(alice)
    settings.LICENSE_KEYRING = f"{NEW},{OLD}"

    done = [second_factors.seal_all_anew() for _ in range(2)]
    settings.LICENSE_KEYRING = NEW

    assert done == [4, 0]
    assert opened(alice) == before
    assert "k1." not in stored()


def test_without_the_old_key_nothing_is_touched(alice, settings):
    settings.LICENSE_KEYRING = OLD
    TOTP.activate(alice, SECRET)
    before = stored()
    settings.LICENSE_KEYRING = NEW

    with pytest.raises(FactorUnreadable):
        second_factors.seal_all_anew()

    assert stored() == before
