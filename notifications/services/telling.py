"""Telling users what happened: in the inbox, and by the channels that they chose."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone, translation
from django_stubs_ext import StrOrPromise

from accounts.models import User
from bots.models import BotInstance, BotSettings
from notifications.catalog import TYPES, URGENT, is_default
from notifications.models import (
    MOST_SUBJECT_CHARACTERS,
    OUTWARD,
    Channel,
    Delivery,
    EndpointState,
    Event,
    Preference,
    TelegramChat,
    ToldCause,
    WebhookEndpoint,
)
from notifications.periods import zone_named
from notifications.quiet_hours import end_of_quiet
from notifications.services import inbox

Metadata = dict[str, Any]
# Lazy ones are put into the language and the zone of whoever is told.
Words = StrOrPromise


def tell(
    *,
    user: User,
    event: Event,
    title: Words,
    message: Words,
    now: datetime,
    metadata: Metadata | None = None,
    cause_key: str | None = None,
) -> None:
    """Tell a user of an event: a row of the inbox and one for each other way.

    In the caller's transaction, with six statements at most. A `cause_key` that was
    told before makes it nothing.
    """
    with transaction.atomic():
        if cause_key is not None and not _is_new(cause_key, now):
            return
        channels = wanted_channels(user, event)
        zone = zone_named(user.time_zone)
        with translation.override(user.language), timezone.override(zone):
            headline, body = str(title)[:MOST_SUBJECT_CHARACTERS], str(message)
        if Channel.INBOX in channels:
            inbox.notify(
                user_id=user.pk,
                type=TYPES[event],
                title=headline,
                message=body,
                metadata={"event": event.value, **(metadata or {})},
                now=now,
            )
        deliveries = _deliveries(user, event, channels, now)
        for delivery in deliveries:
            _write(delivery, headline, body, metadata or {})
        Delivery.objects.bulk_create(deliveries)


def tell_of_bot(
    *,
    bot: BotInstance,
    event: Event,
    title: Words,
    message: Words,
    now: datetime,
    metadata: Metadata | None = None,
    cause_key: str | None = None,
) -> None:
    """Tell a bot's owner as `tell` does, unless its settings keep it silent."""
    silenced = BotSettings.objects.filter(bot_instance=bot, notifications_enabled=False)
    if silenced.exists():
        return
    tell(
        user=bot.user,
        event=event,
        title=title,
        message=message,
        now=now,
        metadata={"bot_id": str(bot.pk), **(metadata or {})},
        cause_key=cause_key,
    )


def wanted_channels(user: User, event: Event) -> set[Channel]:
    """Return by which channels a user wants to be told of an event."""
    rows = Preference.objects.filter(user=user, event=event)
    chosen = dict(rows.values_list("channel", "is_wanted"))
    return {
        channel
        for channel in Channel
        if chosen.get(channel, is_default(event, channel))
    }


def forget_old_causes(*, now: datetime) -> int:
    """Forget causes that were told before any notification that is kept; count them."""
    return ToldCause.objects.filter(told_at__lt=now - inbox.KEPT).delete()[0]


def _is_new(cause_key: str, now: datetime) -> bool:
    with connection.cursor() as cursor:
        # Of two at once the second waits here for the first, and is told.
        cursor.execute(
            "INSERT INTO told_causes (key, told_at) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            [cause_key, now],
        )
        return bool(cursor.rowcount)


def _deliveries(
    user: User, event: Event, channels: set[Channel], now: datetime
) -> list[Delivery]:
    """Return an empty delivery for each place that is to be told."""
    if not user.is_active:
        return []
    heard_at = now if event in URGENT else end_of_quiet(user, now)
    return [
        Delivery(
            user=user,
            event=event,
            channel=channel,
            created_at=now,
            # A webhook wakes nobody.
            next_attempt_at=now if channel == Channel.WEBHOOK else heard_at,
            **place,
        )
        for channel in OUTWARD
        if channel in channels
        for place in places_of(user, channel)
    ]


def places_of(user: User, channel: Channel) -> list[dict[str, Any]]:
    """Return where a user is reached by a channel, as fields of a delivery."""
    if channel == Channel.EMAIL:
        return [{"recipient": user.email}] if user.email_verified else []
    if channel == Channel.TELEGRAM:
        chats = TelegramChat.objects.filter(user=user, blocked_at=None)
        return [{"recipient": str(chat.chat_id)} for chat in chats]
    endpoints = WebhookEndpoint.objects.filter(user=user, state=EndpointState.ACTIVE)
    return [{"recipient": each.url, "endpoint": each} for each in endpoints]


def _write(delivery: Delivery, title: str, message: str, metadata: Metadata) -> None:
    delivery.subject = title
    if delivery.channel != Channel.WEBHOOK:
        delivery.text = message
        return
    delivery.payload = {
        "type": delivery.event,
        "timestamp": delivery.created_at.isoformat(),
        "data": {"title": title, "message": message, **metadata},
    }
