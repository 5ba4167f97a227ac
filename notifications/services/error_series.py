"""Errors that a bot goes on logging: told at once, then at longer and longer intervals.

A series begins with an error and ends six hours after the last one. What comes between
two messages is counted and told with the next.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from bots.models import BotInstance
from notifications.models import BotNews, ErrorSeries, Event
from notifications.services.telling import Words, tell_of_bot
from notifications.services.wording import moment_of

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
CALM = timedelta(hours=6)
MOST_LINES = 10


def add_errors(*, bot: BotInstance, news: Sequence[BotNews], now: datetime) -> int:
    """Add errors to a bot's series, which begins with them if there is none.

    Tells its owner if they may be told again; returns the number of messages. Wants a
    transaction of the caller's, and locks the series.
    """
    begun = ErrorSeries(
        bot_instance=bot, next_at=now, last_error_at=now, pause=timedelta(0)
    )
    ErrorSeries.objects.bulk_create([begun], ignore_conflicts=True)
    series = ErrorSeries.objects.select_for_update(no_key=True).get(bot_instance=bot)
    series.count += sum(each.count for each in news)
    lines = [*series.lines, *(line for each in news for line in each.lines)]
    series.lines = lines[:MOST_LINES]
    series.last_error_at = max(series.last_error_at, now)
    return _tell(series, bot, now)


def tell_due(*, now: datetime) -> int:
    """Tell what was held long enough, end the series that are over; count messages.

    Each in a transaction of its own: of two sweeps one finds it.
    """
    is_calm = Q(last_error_at__lte=now - CALM)
    held = ErrorSeries.objects.filter(is_calm | Q(next_at__lte=now), count__gt=0)
    told = sum(_tell_held(pk, now) for pk in list(held.values_list("pk", flat=True)))
    ErrorSeries.objects.filter(is_calm, count=0).delete()
    return told


def _tell_held(pk: UUID, now: datetime) -> int:
    with transaction.atomic():
        rows = ErrorSeries.objects.select_related("bot_instance__user")
        series = (
            rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .filter(pk=pk)
            .first()
        )
        return _tell(series, series.bot_instance, now) if series else 0


def _tell(series: ErrorSeries, bot: BotInstance, now: datetime) -> int:
    """Tell what a series holds if its time has come, and write it."""
    is_over = series.last_error_at <= now - CALM
    is_told = series.count > 0 and (is_over or series.next_at <= now)
    if is_told:
        pause = min(max(2 * series.pause, FIRST_PAUSE), LONGEST_PAUSE)
        tell_of_bot(
            bot=bot,
            event=Event.ERROR_LOGGED,
            title=_title(series, bot),
            message=_message(series, None if is_over else now + pause),
            now=now,
            metadata={"count": series.count},
        )
        series.pause, series.next_at, series.told_at = pause, now + pause, now
        series.count, series.lines = 0, []
    series.save()
    return int(is_told)


def _title(series: ErrorSeries, bot: BotInstance) -> Words:
    words = ngettext_lazy(
        "{bot} logged {count} error", "{bot} logged {count} errors", series.count
    )
    return format_lazy(words, bot=bot.instance_name, count=series.count)


def _message(series: ErrorSeries, next_at: datetime | None) -> Words:
    parts: list[Words] = ["\n".join(series.lines)]
    left = series.count - len(series.lines)
    if left:
        more = ngettext_lazy("and {number} more", "and {number} more", left)
        parts.append(format_lazy(more, number=left))
    if series.told_at is not None:
        words = (
            _("All since {since}; the last one came at {last}.")
            if next_at is None
            else _(
                "All since {since}, when you were told last. While it goes on you are"
                " told less and less often: not before {next}."
            )
        )
        moments = {"since": series.told_at, "last": series.last_error_at}
        if next_at:
            moments["next"] = next_at
        parts.append(
            format_lazy(words, **{name: moment_of(at) for name, at in moments.items()})
        )
    return format_lazy("\n".join(["{}"] * len(parts)), *parts)
