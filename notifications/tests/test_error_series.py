"""Errors that a bot goes on logging: told at once, then less and less often."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from accounts.tests.threads import all_at_once
from bots.models import LogCategory, LogLevel
from bots.services.logs import LogLine, record_logs
from bots.tests.factories import BotInstanceFactory
from notifications.models import BotNews, Delivery, ErrorSeries, Notification
from notifications.services import news

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(owner=alice, instance_name="Grid")


def log(message, **given):
    fields = {"level": LogLevel.ERROR, "category": LogCategory.SYSTEM}
    return LogLine(message=message, **{**fields, **given})


def err(bot, now, *messages):
    lines = [log(message) for message in messages or ("No money",)]
    record_logs(bot=bot, logs=lines, now=now)


def told():
    rows = Notification.objects.order_by("created_at")
    return [
        (int((told_at - NOW) / MINUTE), count)
        for told_at, count in rows.values_list("created_at", "metadata__count")
    ]


def last_told():
    latest = Notification.objects.latest("created_at")
    return latest.title, latest.message


def test_errors_of_a_bot_are_told_together(alice, bot):
    lines = [
        *(log(f"No money: {number}", client_seq=number) for number in range(3)),
        log("All is well", level=LogLevel.INFO),
        log("Long ago", created_at=NOW - 2 * DAY),
    ]
    record_logs(bot=bot, logs=lines, now=NOW)
    # A retry is not news.
    record_logs(bot=bot, logs=lines[:3], now=NOW)

    news.tell_news(now=NOW)

    assert last_told() == (
        "Grid logged 3 errors",
        "No money: 0\nNo money: 1\nNo money: 2",
    )


def test_a_whole_day_of_errors_is_a_handful_of_messages_that_lose_no_count(alice, bot):
    for minute in range(0, 1500, 5):
        news.note_errors(bot=bot, lines=[log("No money")], now=NOW + minute * MINUTE)
        news.tell_news(now=NOW + minute * MINUTE)

    minutes = [0, 5, 15, 35, 75, 155, 315, 635, 1275]
    counts = [1, *((b - a) // 5 for a, b in pairwise(minutes))]
    assert told() == list(zip(minutes, counts, strict=True))
    assert Delivery.objects.filter(channel="email").count() == len(minutes)
    # What nobody was told of yet is one row.
    series = ErrorSeries.objects.get()
    assert (series.count, BotNews.objects.count()) == ((1495 - 1275) // 5, 0)
    assert series.next_at == NOW + (1275 + 1280) * MINUTE


def test_the_pause_is_never_longer_than_a_day(alice, bot):
    ErrorSeries.objects.create(
        bot_instance=bot, pause=DAY, next_at=NOW, last_error_at=NOW, told_at=NOW - DAY
    )
    err(bot, NOW)

    news.tell_news(now=NOW)

    series = ErrorSeries.objects.get()
    assert (series.pause, series.next_at) == (DAY, NOW + DAY)


def test_what_was_held_is_told_with_the_next(alice, bot):
    err(bot, NOW)
    news.tell_news(now=NOW)
    for minute in (1, 2, 3):
        err(bot, NOW + minute * MINUTE, *(f"{minute}.{each}" for each in range(5)))
        assert news.tell_news(now=NOW + minute * MINUTE) == 0

    # The pause ends without a further error, too.
    assert news.tell_news(now=NOW + 5 * MINUTE) == 1

    title, message = last_told()
    assert title == "Grid logged 15 errors"
    assert message.splitlines() == [
        *(f"{minute}.{each}" for minute in (1, 2) for each in range(5)),
        "and 5 more",
        (
            "All since 25 Nov 2026 12:00 UTC, when you were told last. While it goes on"
            " you are told less and less often: not before 25 Nov 2026 12:15 UTC."
        ),
    ]
    assert told() == [(0, 1), (5, 15)]


def test_six_hours_without_an_error_end_the_series(alice, bot):
    for moment in (NOW, NOW + 5 * MINUTE, NOW + 6 * MINUTE):
        err(bot, moment)
        news.tell_news(now=moment)
    news.tell_news(now=NOW + 15 * MINUTE)
    assert told() == [(0, 1), (5, 1), (15, 1)]

    assert news.tell_news(now=NOW + 6 * HOUR + 6 * MINUTE) == 0
    assert not ErrorSeries.objects.exists()
    again = NOW + 7 * HOUR
    err(bot, again)
    news.tell_news(now=again)

    assert last_told() == ("Grid logged 1 error", "No money")
    assert ErrorSeries.objects.get().next_at == again + 5 * MINUTE


def test_what_a_series_held_at_its_end_is_told_then(alice, bot):
    ErrorSeries.objects.create(
        bot_instance=bot,
        pause=DAY,
        told_at=NOW,
        next_at=NOW + DAY,
        last_error_at=NOW + HOUR,
        count=12,
        lines=["No money"],
    )

    early = news.tell_news(now=NOW + 7 * HOUR - MINUTE)
    late = news.tell_news(now=NOW + 7 * HOUR)

    assert (early, late, ErrorSeries.objects.count()) == (0, 1, 0)
    assert last_told() == (
        "Grid logged 12 errors",
        (
            "No money\nand 11 more\n"
            "All since 25 Nov 2026 12:00 UTC;"
            " the last one came at 25 Nov 2026 13:00 UTC."
        ),
    )


def test_moments_are_in_the_language_and_zone_of_the_reader(alice):
    alice.language, alice.time_zone = "de", "Europe/Berlin"
    alice.save()
    bot = BotInstanceFactory.create(owner=alice, instance_name="Grid")
    # An hour before the clocks go back, told an hour after: two o'clock comes twice.
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    ErrorSeries.objects.create(
        bot_instance=bot,
        pause=HOUR,
        told_at=first,
        next_at=first + HOUR,
        last_error_at=first + HOUR,
        count=3,
        lines=["No money"],
    )

    news.tell_news(now=first + HOUR)
    mails = Delivery.objects.filter(channel="email")
    assert mails.get().text.splitlines()[-1] == (
        "Alle seit 25.10.2026 02:30 CEST, der letzten Nachricht. Solange es anhält,"
        " hören Sie davon immer seltener: nicht vor 25.10.2026 04:30 CET."
    )

    ErrorSeries.objects.update(count=1, told_at=first, last_error_at=first + HOUR)
    news.tell_news(now=first + 8 * HOUR)
    assert last_told()[1].splitlines()[-1] == (
        "Alle seit 25.10.2026 02:30 CEST; der letzte kam 25.10.2026 02:30 CET."
    )


def test_each_bot_has_a_series_of_its_own(alice, bot):
    other = BotInstanceFactory.create(owner=alice, instance_name="Scalp")
    err(bot, NOW)
    news.tell_news(now=NOW)
    err(bot, NOW + MINUTE)
    err(other, NOW + MINUTE)

    assert news.tell_news(now=NOW + MINUTE) == 1
    assert last_told()[0] == "Scalp logged 1 error"


def test_a_bot_that_is_deleted_takes_its_series_along(alice, bot):
    err(bot, NOW)
    news.tell_news(now=NOW)

    bot.delete()

    assert not ErrorSeries.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_tell_of_each_bot_once(alice, rounds):
    bots = BotInstanceFactory.create_batch(3, owner=alice)
    for _ in range(rounds):
        Notification.objects.all().delete()
        ErrorSeries.objects.all().delete()
        for bot in bots:
            err(bot, NOW)

        counts = all_at_once([lambda: news.tell_news(now=NOW)] * 3)

        assert sum(counts) == Notification.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_tell_what_was_held_once(alice, rounds):
    bot = BotInstanceFactory.create(owner=alice)
    for _ in range(rounds):
        Notification.objects.all().delete()
        ErrorSeries.objects.all().delete()
        ErrorSeries.objects.create(
            bot_instance=bot, pause=HOUR, next_at=NOW, last_error_at=NOW, count=5
        )

        counts = all_at_once([lambda: news.tell_news(now=NOW)] * 3)

        assert sum(counts) == Notification.objects.count() == 1
