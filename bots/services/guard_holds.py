"""What the risk guard holds, and its end by hand."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from bots.models import BotInstance, GuardBreach
from bots.signals import guard_lifted
from smarttrader.lib.actors import Actor


def lift_by_hand(*, bot: BotInstance, actor: Actor, now: datetime) -> None:
    """End what holds a bot that is told to resume, and announce it.

    The caller holds the bot's lock, and tells it.
    """
    holding = GuardBreach.objects.holding().filter(bot_instance=bot)
    if end(holding.values_list("pk", flat=True), actor=actor, now=now):
        guard_lifted.send(
            sender=BotInstance, bot=bot, actor=actor, is_resumed=True, now=now
        )


def end(breaches: Iterable[UUID], *, actor: Actor, now: datetime) -> int:
    """Mark breaches, by their ids, as lifted; count them."""
    return GuardBreach.objects.filter(pk__in=breaches).update(
        lifted_at=now, lifted_by_type=actor.type, lifted_by=actor.id
    )
