"""Changes of a license that end the tokens of its bots."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from bots.models import BotInstance
from licensing.models import License
from licensing.services import hardware, secrets, transfers
from licensing.services.issuing import IssuedLicense
from smarttrader.lib.actors import Actor


def reset_hardware(
    *,
    license: License,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Unlock a license from its computer; its EAs have to activate again.

    Locks the license, then its bots. Raises LicenseRevoked and TooManyHardwareResets
    (an owner may 3 times in 30 days, a reseller twice).
    """
    with transaction.atomic():
        hardware.clear_hardware(license=license, actor=actor, reason=reason, now=now)
        _end_tokens(license, now)


def rotate_key(
    *,
    license: License,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> IssuedLicense:
    """Give a license whose key leaked a new one; its EAs have to activate with it.

    Locks the license, then its bots. Raises LicenseRevoked and KeyringMismatch.
    """
    with transaction.atomic():
        issued = secrets.replace_key(
            license=license, actor=actor, reason=reason, now=now
        )
        _end_tokens(license, now)
        return issued


def transfer(
    *,
    license: License,
    to: User,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> License:
    """Move a license and all of its bots, with what they traded, to another owner.

    Locks the license, then its bots. Raises LicenseRevoked and TransferRefused.
    """
    with transaction.atomic():
        moved = transfers.change_owner(
            license=license, to=to, actor=actor, reason=reason, now=now
        )
        BotInstance.objects.filter(license=license).update(user=to)
        _end_tokens(license, now)
        return moved


def _end_tokens(license: License, now: datetime) -> None:
    BotInstance.objects.filter(license=license).update(
        token_version=F("token_version") + 1, updated_at=now
    )
