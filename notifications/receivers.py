"""What lower apps announce, in the inbox or the outbox: one INSERT each."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts.signals import mail_wanted
from bots.models import BotInstance, GuardBreach
from bots.signals import (
    bot_offline,
    bot_online,
    guard_disarmed,
    guard_lifted,
    guard_tripped,
)
from licensing.models import License
from licensing.signals import (
    license_expired,
    license_expiring_soon,
    license_reinstated,
    license_revoked,
    license_suspended,
)
from notifications import guard_texts
from notifications.models import NotificationType
from notifications.services import outbox
from notifications.services.inbox import notify
from smarttrader.lib.actors import Actor, ActorType


@receiver(mail_wanted)
def post_mail(
    recipient: str,
    subject: str,
    text: str,
    html: str,
    is_urgent: bool,  # noqa: FBT001 -- a signal names its arguments
    now: datetime,
    **_kwargs: Any,
) -> None:
    outbox.post_mail(
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        is_urgent=is_urgent,
        now=now,
    )


@receiver(bot_offline)
def tell_offline(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    seen = f"{bot.last_heartbeat:%Y-%m-%d %H:%M} UTC" if bot.last_heartbeat else "never"
    _tell_of_bot(
        bot,
        now,
        f"{bot.instance_name} is offline",
        f"Account {bot.mt4_account} has been silent since {seen}.",
    )


@receiver(bot_online)
def tell_online(bot: BotInstance, now: datetime, **_kwargs: Any) -> None:
    _tell_of_bot(
        bot,
        now,
        f"{bot.instance_name} is online again",
        f"Account {bot.mt4_account} reports again.",
    )


@receiver(guard_tripped)
def tell_tripped(
    bot: BotInstance, breach: GuardBreach, now: datetime, **_kwargs: Any
) -> None:
    _tell_of_bot(bot, now, guard_texts.title_of(breach), guard_texts.message_of(breach))


@receiver(guard_lifted)
def tell_lifted(
    bot: BotInstance,
    actor: Actor,
    is_resumed: bool,  # noqa: FBT001 -- a signal names its arguments
    now: datetime,
    **_kwargs: Any,
) -> None:
    if actor.type == ActorType.USER:
        return  # its owner did it
    _tell_of_bot(
        bot,
        now,
        _("The risk guard let %(name)s go again") % {"name": bot.instance_name},
        _("Account %(account)s was told to trade on.") % {"account": bot.mt4_account}
        if is_resumed
        else _("Account %(account)s rests on, as it was told by other hands.")
        % {"account": bot.mt4_account},
    )


@receiver(guard_disarmed)
def tell_disarmed(
    bot: BotInstance, limits_currency: str, now: datetime, **_kwargs: Any
) -> None:
    _tell_of_bot(
        bot,
        now,
        _("The risk guard of %(name)s rests") % {"name": bot.instance_name},
        _(
            "Account %(account)s has another currency than %(currency)s, in which its"
            " limits were saved. Save them again."
        )
        % {"account": bot.mt4_account, "currency": limits_currency},
    )


@receiver(license_expiring_soon)
def tell_expiring_soon(
    license: License,
    now: datetime,
    **_kwargs: Any,
) -> None:
    _tell_of_license(
        license,
        now,
        "A license ends soon",
        f"{license.masked_key} ends on {license.expires_at:%Y-%m-%d}.",
    )


@receiver(license_expired)
def tell_expired(
    license: License,
    now: datetime,
    **_kwargs: Any,
) -> None:
    _tell_of_license(
        license,
        now,
        "A license has expired",
        f"{license.masked_key}: bots manage what is open, and open nothing new.",
    )


@receiver(license_suspended)
def tell_suspended(
    license: License,
    now: datetime,
    **_kwargs: Any,
) -> None:
    _tell_of_license(
        license,
        now,
        "A license is suspended",
        f"{license.masked_key}: bots manage what is open, and open nothing new.",
    )


@receiver(license_reinstated)
def tell_reinstated(
    license: License,
    now: datetime,
    **_kwargs: Any,
) -> None:
    _tell_of_license(
        license, now, "A license works again", f"{license.masked_key} is reinstated."
    )


@receiver(license_revoked)
def tell_revoked(
    license: License,
    now: datetime,
    **_kwargs: Any,
) -> None:
    _tell_of_license(
        license,
        now,
        "A license was revoked",
        f"{license.masked_key} is no longer good.",
    )


def _tell_of_bot(bot: BotInstance, now: datetime, title: str, message: str) -> None:
    notify(
        user_id=bot.user_id,
        type=NotificationType.ALERT,
        title=title,
        message=message,
        metadata={"bot_id": str(bot.pk)},
        now=now,
    )


def _tell_of_license(
    license: License,
    now: datetime,
    title: str,
    message: str,
) -> None:
    notify(
        user_id=license.user_id,
        type=NotificationType.ACCOUNT,
        title=title,
        message=message,
        metadata={"license_id": str(license.pk)},
        now=now,
    )
