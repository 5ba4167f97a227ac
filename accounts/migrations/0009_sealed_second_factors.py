"""Secrets of second factors are sealed, as license keys are."""

from collections.abc import Callable

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from smarttrader.lib.keyring import keyring_for

COLUMN = "mfa_authenticator.data"
SECRETS = ("secret", "seed")


def seal(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _rewrite(apps, lambda secret: keyring_for(COLUMN).seal(secret))


def open_again(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    _rewrite(apps, lambda sealed: keyring_for(COLUMN).open(sealed))


def _rewrite(apps: Apps, change: Callable[[str], str]) -> None:
    factors = apps.get_model("mfa", "Authenticator").objects.select_for_update()
    for factor in factors.order_by("pk"):
        for name in factor.data.keys() & set(SECRETS):
            factor.data[name] = change(factor.data[name])
        factor.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_auth_event_rules"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(seal, open_again)]
