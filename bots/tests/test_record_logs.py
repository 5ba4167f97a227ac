import random
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from accounts.tests.threads import all_at_once, second_waits_for_first
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.services.logs import LogLine, RecordedLogs, record_logs
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    OutsidePartitions,
    create_partitions_for,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
A_SECOND, AN_HOUR = timedelta(seconds=1), timedelta(hours=1)
ONE_NEW, ONE_KNOWN = RecordedLogs(created=1), RecordedLogs(unchanged=1)


def line(**changes: Any) -> LogLine:
    told: dict[str, Any] = {
        "level": LogLevel.INFO,
        "category": LogCategory.SYSTEM,
        "message": "started",
    }
    return LogLine(**told | changes)


def record(bot: BotInstance, *lines: LogLine, now: datetime = NOW) -> RecordedLogs:
    return record_logs(bot=bot, logs=lines, now=now)


@pytest.fixture
def bot(alice) -> BotInstance:
    return BotInstanceFactory.create(owner=alice)


def test_no_lines_are_no_statement(bot, count_statements):
    with count_statements() as asked:
        recorded = record(bot)

    assert recorded == RecordedLogs()
    assert asked == []


def test_numbered_line_without_a_time_is_the_same_for_an_hour(bot):
    moments = [NOW, NOW + A_SECOND, NOW + AN_HOUR - A_SECOND, NOW + AN_HOUR]

    recorded = [record(bot, line(client_seq=1), now=moment) for moment in moments]

    assert recorded == [ONE_NEW, ONE_KNOWN, ONE_KNOWN, ONE_NEW]
    stored = BotLog.objects.order_by("created_at")
    assert [log.created_at for log in stored] == [NOW, NOW + AN_HOUR]


def test_numbered_line_is_known_to_a_worker_whose_clock_is_behind(bot):
    record(bot, line(client_seq=1), now=NOW + A_SECOND)

    assert record(bot, line(client_seq=1), now=NOW) == ONE_KNOWN


def test_numbered_line_with_a_time_is_the_same_for_as_long_as_it_is_kept(bot):
    dated = line(client_seq=1, created_at=NOW)
    record(bot, dated)

    assert record(bot, dated, now=NOW + timedelta(days=80)) == ONE_KNOWN


@pytest.mark.parametrize("created_at", [NOW, None], ids=["dated", "undated"])
def test_line_without_a_number_is_stored_each_time(bot, created_at):
    recorded = [record(bot, line(created_at=created_at)) for _ in range(2)]

    assert recorded == [ONE_NEW, ONE_NEW]


def test_lines_that_differ_by_a_microsecond_are_two(bot):
    later = NOW + timedelta(microseconds=1)

    recorded = record(
        bot,
        line(client_seq=1, created_at=NOW),
        line(client_seq=1, created_at=later),
    )

    assert recorded == RecordedLogs(created=2)


def test_undated_line_and_one_dated_now_are_two(bot):
    recorded = record(bot, line(client_seq=1), line(client_seq=1, created_at=NOW))

    assert recorded == RecordedLogs(created=2)


def test_lines_of_many_months_make_their_partitions(bot):
    days = [NOW - timedelta(days=days) for days in (85, 50, 20, 0)]

    recorded = record(bot, *(line(created_at=day) for day in days))

    assert recorded == RecordedLogs(created=4)


def test_line_past_the_retention_is_refused_and_leaves_nothing(bot):
    old = line(created_at=NOW - timedelta(days=200))

    with pytest.raises(OutsidePartitions):
        record(bot, line(), old)

    assert not BotLog.objects.exists()


# --- Races ----------------------------------------------------------------------------
@pytest.fixture
def committed_bot(transactional_db) -> BotInstance:
    create_partitions_for(BOT_LOGS, [NOW], now=NOW)
    return BotInstanceFactory.create()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("created_at", [NOW, None], ids=["dated", "undated"])
def test_retries_at_once_are_stored_once(committed_bot, created_at, rounds):
    for turn in range(rounds):
        lines = [
            line(client_seq=turn * 200 + seq, created_at=created_at)
            for seq in range(200)
        ]
        orders = [random.Random(seed).sample(lines, 200) for seed in range(8)]

        recorded = all_at_once(
            [
                partial(record, committed_bot, *order, now=NOW + place * A_SECOND)
                for place, order in enumerate(orders)
            ]
        )

        assert sum(each.created for each in recorded) == 200
        assert sum(each.unchanged for each in recorded) == 7 * 200
        assert BotLog.objects.count() == (turn + 1) * 200


@pytest.mark.django_db(transaction=True)
def test_retry_waits_for_the_first_and_is_known(committed_bot):
    retry = partial(record, committed_bot, line(client_seq=1), now=NOW + A_SECOND)

    recorded = second_waits_for_first(
        first=partial(record, committed_bot, line(client_seq=1)), second=retry
    )

    assert recorded == ONE_KNOWN
