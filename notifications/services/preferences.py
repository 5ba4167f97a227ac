"""What users want to be told, by which channel, and when not."""

from collections.abc import Mapping
from datetime import time

from django.db import transaction

from accounts.models import User
from accounts.services import users
from notifications.catalog import TRADE_EVENTS, is_default
from notifications.models import Channel, Event, Preference

Choices = Mapping[tuple[Event, Channel], bool]


def choose(
    *,
    user: User,
    choices: Choices,
    quiet_hours: tuple[time, time] | None,
) -> None:
    """Keep what a user chose of events and channels, and their quiet hours.

    Locks the user. A constant number of statements, for any number of choices.
    """
    with transaction.atomic():
        quiet_from, quiet_until = quiet_hours or (None, None)
        # First of all, so that two calls at once come one after the other.
        users.update_row(user=user, quiet_from=quiet_from, quiet_until=quiet_until)
        # What is as by default needs no row, and follows when the default changes.
        Preference.objects.filter(user=user).delete()
        Preference.objects.bulk_create(
            Preference(user=user, event=event, channel=channel, is_wanted=is_wanted)
            for (event, channel), is_wanted in choices.items()
            if is_wanted != is_default(event, channel)
        )
        _follow_trades(user)


def unsubscribe(*, user: User, event: Event | None) -> None:
    """Send no more mails of an event, or of any; once more changes nothing."""
    events = [event] if event else list(Event)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        Preference.objects.bulk_create(
            [
                Preference(
                    user=user, event=each, channel=Channel.EMAIL, is_wanted=False
                )
                for each in events
            ],
            update_conflicts=True,
            unique_fields=["user", "event", "channel"],
            update_fields=["is_wanted"],
        )
        _follow_trades(user)


def _follow_trades(user: User) -> None:
    follows = Preference.objects.filter(
        user=user, event__in=TRADE_EVENTS, is_wanted=True
    ).exists()
    users.update_row(user=user, follows_trades=follows)
