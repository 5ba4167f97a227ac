"""Releasing a bot instance: its slot is free, its tokens end."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from bots.models import BotInstance, BotStatus
from bots.services.commands import forget_commands
from licensing.models import License, LicenseEventType
from licensing.services.events import append_event
from licensing.services.locks import locked_license
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class TokenEnded(DomainError):
    code = "TOKEN_INVALID"
    title = _("The bot's tokens ended meanwhile")
    kind = "refused"


class NoSuchAccount(DomainError):
    code = "NOT_ACTIVATED"
    title = _("The license is not in use on this account")
    kind = "missing"


def release(*, bot: BotInstance, actor: Actor, now: datetime) -> bool:
    """Free a bot's slot and end all of its tokens; tell whether it held one.

    Locks the license, as an activation does, then the bot: of two racing releases one
    frees the slot. What the bot traded stays; an activation of the same account revives
    it, and is not undone by a release that was meant for the life before. Raises
    TokenEnded for that, and LicenseGone.
    """
    with transaction.atomic():
        license_ = locked_license(bot.license_id)
        if _release(license_, bot, actor, now):
            return True
        if BotInstance.objects.filter(pk=bot.pk, released_at=None).exists():
            raise TokenEnded
        return False


def release_account(
    *,
    license: License,
    mt4_account: str,
    broker_server: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Release every bot on an account of a license; return how many.

    Locks the license, then the bots. Raises NoSuchAccount.
    """
    with transaction.atomic():
        license_ = locked_license(license.pk)
        live = license_.bot_instances.filter(
            mt4_account=mt4_account, released_at=None
        ).order_by("id")
        server = broker_server.lower()
        bots = [bot for bot in live if (bot.broker_server or "").lower() == server]
        released = sum(_release(license_, bot, actor, now) for bot in bots)
        if not released:
            raise NoSuchAccount
        return released


def _release(
    license: License,
    bot: BotInstance,
    actor: Actor,
    now: datetime,
) -> bool:
    as_it_was_read = BotInstance.objects.filter(
        pk=bot.pk, released_at=None, token_version=bot.token_version
    )
    released = as_it_was_read.update(
        released_at=now,
        stopped_at=now,
        status=BotStatus.STOPPED,
        offline_at=None,
        token_version=F("token_version") + 1,
        updated_at=now,
    )
    if not released:
        return False
    forget_commands([bot.pk], now=now)
    append_event(
        license=license,
        type=LicenseEventType.DEACTIVATED,
        actor=actor,
        before={
            "mt4_account": bot.mt4_account,
            "broker_server": bot.broker_server or "",
            "instance_name": bot.instance_name,
        },
        now=now,
    )
    return True
