"""What licensing does about who leaves: a deleted user's row tells nothing later."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import reseller_leaves
from licensing.services import resellers
from smarttrader.lib.actors import Actor


# A write, not just an outbox row: accounts may not know that licenses are held.
@receiver(reseller_leaves)
def release_licenses(
    reseller: User, actor: Actor, now: datetime, **_kwargs: Any
) -> None:
    resellers.release_held_by_leaving(reseller=reseller, actor=actor, now=now)
