"""The risk guard's deeds: it pauses a bot that passed a limit, and lets it go again.

docs/risk-guard.md has the rules. Who passed what is found above, from trades.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from bots import queries
from bots.models import (
    BotCommand,
    BotInstance,
    BotSettings,
    Command,
    GuardBreach,
    GuardKind,
    GuardOutcome,
)
from bots.queries import BotNotFound
from bots.services import bot_settings, commands, guard_holds, guard_peaks
from bots.services.locks import locked_bot
from bots.signals import guard_disarmed, guard_lifted, guard_tripped
from smarttrader.lib.actors import SYSTEM


@dataclass(frozen=True, slots=True)
class Finding:
    """A limit that a bot, as it was read, has passed on a day of its broker."""

    bot: BotInstance
    kind: GuardKind
    broker_day: date
    figure: Decimal
    allowed: Decimal


def trip(*, finding: Finding, now: datetime) -> bool:
    """Record a breach, pause the bot if it is to be paused, and announce it; once.

    Returns whether it is new. Locks the bot, so that of two sweeps one does it. What
    was judged by settings that were changed meanwhile is left to the next sweep.
    """
    with transaction.atomic():
        try:
            bot = locked_bot(finding.bot.pk)
        except BotNotFound:
            return False
        as_judged = bot.settings_version == finding.bot.settings_version
        if not (bot.is_connected and as_judged):
            return False
        settings = bot_settings.shown_settings(bot=bot)
        if _is_known(finding, settings):
            return False
        outcome, pause = _respond(bot, settings, now)
        breach = GuardBreach.objects.create(
            bot_instance=bot,
            kind=finding.kind,
            broker_day=finding.broker_day,
            at=now,
            outcome=outcome,
            figure=finding.figure,
            allowed=finding.allowed,
            currency=bot.account_currency,
            pause=pause,
        )
        guard_tripped.send(sender=BotInstance, bot=bot, breach=breach, now=now)
    return True


def lift_over(*, now: datetime) -> int:
    """Let go the bots whose broker has a new day; count them.

    Locks each bot. A bot is told to resume if the guard's pause is the last thing that
    it was told; one that passed a limit on the new day, too, goes on resting.
    """
    holding = GuardBreach.objects.holding().select_related("bot_instance")
    over = {
        breach.bot_instance_id
        for breach in holding
        if _is_over(breach, breach.bot_instance, now)
    }
    return sum(_lift_over(bot_id, now) for bot_id in sorted(over))


def note_currency(*, bot: BotInstance, currency: str, now: datetime) -> None:
    """Take note that a bot's account is about to have another currency.

    Its drawdown is measured anew; a guard that is on rests, which is announced.
    """
    guard_peaks.begin_anew(bot_id=bot.pk)
    settings = queries.settings_of(bot)
    if bot.guard_enabled and settings and settings.limits_currency != currency:
        guard_disarmed.send(
            sender=BotInstance,
            bot=bot,
            limits_currency=settings.limits_currency,
            now=now,
        )


def _is_known(finding: Finding, settings: BotSettings) -> bool:
    told = GuardBreach.objects.filter(bot_instance=finding.bot, kind=finding.kind)
    if not settings.limits_currency:
        return told.exists()
    return told.filter(broker_day=finding.broker_day).exists()


def _respond(
    bot: BotInstance, settings: BotSettings, now: datetime
) -> tuple[GuardOutcome, BotCommand | None]:
    """Pause a bot that runs under a guard that is on; return what was done."""
    if not settings.limits_currency:
        return GuardOutcome.NEVER_SAVED, None
    if not bot.guard_enabled:
        return GuardOutcome.OFF, None
    if not settings.are_limits_in_its_currency:
        return GuardOutcome.OTHER_CURRENCY, None
    if Command.PAUSE in bot.commands_offered:
        pause = commands.queue_command(
            bot=bot, command=Command.PAUSE, actor=SYSTEM, now=now
        )
        return GuardOutcome.PAUSED, pause
    last = _last_told(bot)
    if last is not None and last.breaches.holding().exists():
        return GuardOutcome.PAUSED, last
    return GuardOutcome.RESTING, None


def _lift_over(bot_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        try:
            bot = locked_bot(bot_id)
        except BotNotFound:
            return False
        holding = list(GuardBreach.objects.holding().filter(bot_instance=bot))
        over = [breach for breach in holding if _is_over(breach, bot, now)]
        guard_holds.end([breach.pk for breach in over], actor=SYSTEM, now=now)
        if not over or len(over) < len(holding):
            return False
        last = _last_told(bot)
        paused_by = {breach.pause_id for breach in over}
        is_resumed = bot.is_connected and last is not None and last.pk in paused_by
        if is_resumed:
            commands.queue_command(
                bot=bot, command=Command.RESUME, actor=SYSTEM, now=now
            )
        guard_lifted.send(
            sender=BotInstance, bot=bot, actor=SYSTEM, is_resumed=is_resumed, now=now
        )
    return True


def _is_over(breach: GuardBreach, bot: BotInstance, now: datetime) -> bool:
    return breach.broker_day < bot.broker_day(now)


def _last_told(bot: BotInstance) -> BotCommand | None:
    """Return the last command of a bot, unless it was forgotten."""
    last = next(iter(queries.latest_commands(bot, 1)), None)
    return last if last and last.superseded_at is None else None
