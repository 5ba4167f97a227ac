"""What the risk guard did."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bots.models import BotInstance, GuardBreach
from bots.signals import guard_disarmed, guard_lifted, guard_tripped
from notifications import guard_texts
from notifications.models import Event
from notifications.services.telling import tell_of_bot
from smarttrader.lib.actors import Actor, ActorType


@receiver(guard_tripped)
def tell_tripped(
    bot: BotInstance, breach: GuardBreach, now: datetime, **_kwargs: Any
) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=lazy(guard_texts.title_of, str)(breach),
        message=lazy(guard_texts.message_of, str)(breach),
        now=now,
    )


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
    said = (
        _("Account {account} was told to trade on.")
        if is_resumed
        else _("Account {account} rests on, as it was told by other hands.")
    )
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=format_lazy(
            _("The risk guard let {bot} go again"), bot=bot.instance_name
        ),
        message=format_lazy(said, account=bot.mt4_account),
        now=now,
    )


@receiver(guard_disarmed)
def tell_disarmed(
    bot: BotInstance, limits_currency: str, now: datetime, **_kwargs: Any
) -> None:
    tell_of_bot(
        bot=bot,
        event=Event.DAILY_LOSS,
        title=format_lazy(_("The risk guard of {bot} rests"), bot=bot.instance_name),
        message=format_lazy(
            _(
                "Account {account} has another currency than {currency}, in which its"
                " limits were saved. Save them again."
            ),
            account=bot.mt4_account,
            currency=limits_currency,
        ),
        now=now,
    )
