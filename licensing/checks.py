"""System checks: is there a keyring, and is it the right one?"""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from licensing.keyring import current_keyring
from licensing.models import KeyCheck
from licensing.services import sealing


@register(Tags.security)
def keyring_is_usable(**_kwargs: Any) -> Sequence[CheckMessage]:
    try:
        current_keyring()
    except (ImproperlyConfigured, OSError) as error:
        return [Error(f"License keys cannot be sealed: {error}", id="smarttrader.E001")]
    return []


@register(Tags.database)
def keyring_opens_the_stored_keys(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> Sequence[CheckMessage]:
    if not databases:
        return []
    try:
        if KeyCheck._meta.db_table not in connection.introspection.table_names():
            return []
        if KeyCheck.objects.exists():
            sealing.check_keyring()
    except sealing.KeyringMismatch as error:
        return [Error(error.message, id="smarttrader.E002")]
    except DatabaseError as error:
        return [Error(f"The key check cannot be read: {error}", id="smarttrader.E003")]
    return []
