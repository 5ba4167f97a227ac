"""Changes of a license that end the tokens of its bots."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from bots.models import BotInstance
from bots.services.commands import forget_commands
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
) -> IssuedLicense:
    """Move a license and all of its bots, with what they traded, to another owner.

    It gets a new key: with the old one its former owner's EA would be back at its next
    start. Commands that no bot acknowledged are forgotten. Locks the license, then its
    bots. Raises LicenseRevoked, TransferRefused and KeyringMismatch.
    """
    with transaction.atomic():
        transfers.change_owner(
            license=license, to=to, actor=actor, reason=reason, now=now
        )
        issued = rotate_key(license=license, actor=actor, reason=reason, now=now)
        bots = BotInstance.objects.filter(license=license)
        bots.update(user=to)
        forget_commands(list(bots.values_list("pk", flat=True)), now=now)
        return issued


def _end_tokens(license: License, now: datetime) -> None:
    BotInstance.objects.filter(license=license).update(
        token_version=F("token_version") + 1, updated_at=now
    )
