"""Reads of bots and of what they run under."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from bots.models import BotInstance, BotSource
from licensing.models import License, Plan
from licensing.standing import Standing, standing_of


@dataclass(frozen=True)
class RunningBot:
    """A bot with its license and owner, and what they allow it now."""

    bot: BotInstance
    standing: Standing


def running_bot(bot_id: uuid.UUID, now: datetime) -> RunningBot | None:
    """Return a bot, its license and owner by primary key, in one query."""
    grace_days = Plan.objects.filter(license_type=OuterRef("license__license_type"))
    bot = (
        BotInstance.objects.select_related("license__user")
        .annotate(grace_days=Subquery(grace_days.values("grace_days")))
        .filter(pk=bot_id)
        .first()
    )
    if bot is None:
        return None
    grace = getattr(bot, "grace_days", None)
    return RunningBot(bot, license_standing(bot.license, grace, now))


def license_standing(
    license: License,  # noqa: A002 -- the field's own name
    grace_days: int | None,
    now: datetime,
) -> Standing:
    return standing_of(
        license,
        is_owner_active=license.user.is_active,
        grace_days=grace_days or 0,
        now=now,
    )


def accounts_in_use(license: License) -> set[tuple[str, str]]:  # noqa: A002
    """Return the (account, server) pairs that take a slot of a license.

    Instances that were released, or only hold an imported statement, take none.
    """
    live = BotInstance.objects.filter(
        license=license, source=BotSource.EA, released_at=None
    )
    return {
        (account, (server or "").lower())
        for account, server in live.values_list("mt4_account", "broker_server")
    }
