"""What was archived comes back as it was."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bots.models import BotLog
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.partitions import BOT_LOGS, TRADE_HISTORY, create_partitions_for
from smarttrader.jobs.services.attaching import Attached
from smarttrader.jobs.services.restoring import ArchiveUnknown, ColumnsGone
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    DAY,
    NOW,
    OLD_DAY,
    OLD_LOGS,
    OLD_MONTH,
    OLD_TICKS,
    add_logs,
    add_ticks,
    archive,
    attached,
    differences,
    execute,
    fill_logs,
    fill_ticks,
    leftovers,
    remember,
    restore,
    shape_of,
)

ROWS = 3000


def states() -> list[tuple[int, str]]:
    rows = ArchivedPartition.objects.order_by("partition", "generation")
    return list(rows.values_list("generation", "state"))


@pytest.fixture(params=["detached", "dropped"])
def put_away(request):
    """Archive what is due; with `dropped` its file holds the only copy."""

    def run() -> None:
        archive()
        if request.param == "dropped":
            archive(A_WEEK_LATER)

    return run


def test_ticks_come_back_identical(put_away):
    fill_ticks(rows=ROWS)
    remember(OLD_TICKS)
    shape = shape_of(OLD_TICKS)
    put_away()

    came = restore(OLD_TICKS)

    assert came == Attached(rows=ROWS)
    assert differences(OLD_TICKS) == 0
    assert shape_of(OLD_TICKS) == shape
    assert OLD_TICKS in attached(TRADE_HISTORY)
    assert leftovers() == []
    assert states() == [(1, "restored")]


def test_log_lines_come_back_identical(bot, put_away):
    fill_logs(bot, rows=ROWS)
    remember(OLD_LOGS)
    shape = shape_of(OLD_LOGS)
    put_away()

    came = restore(OLD_LOGS)

    assert came == Attached(rows=ROWS)
    assert differences(OLD_LOGS) == 0
    assert shape_of(OLD_LOGS) == shape
    assert OLD_LOGS in attached(BOT_LOGS)
    assert bot.logs.count() == ROWS


def test_restored_rows_go_with_their_bot_and_their_trade(bot, put_away):
    trade = fill_ticks(rows=10)
    fill_logs(bot, rows=10)
    put_away()
    restore(OLD_TICKS)
    restore(OLD_LOGS)

    bot.delete()
    trade.delete()

    assert catalog.count_rows(OLD_TICKS) == 0
    assert catalog.count_rows(OLD_LOGS) == 0


def test_rows_of_a_deleted_bot_do_not_come_back(bot, put_away):
    fill_logs(bot, rows=10)
    other = BotInstanceFactory.create()
    add_logs(other, rows=3)
    put_away()
    bot.delete()

    came = restore(OLD_LOGS)

    assert came.rows == 3
    assert set(BotLog.objects.values_list("bot_instance", flat=True)) == {other.pk}


def test_ticks_of_a_deleted_trade_do_not_come_back(put_away):
    trade = fill_ticks(rows=10)
    other = fill_ticks(rows=3)
    put_away()
    trade.delete()

    came = restore(OLD_TICKS)

    assert came == Attached(rows=3, orphans=10)
    assert other.history.count() == 3


def test_restored_partition_is_left_alone_until_its_time_is_over(put_away):
    fill_ticks(rows=3)
    put_away()

    restore(OLD_TICKS, days=30)

    until = A_WEEK_LATER + 30 * DAY
    assert ArchivedPartition.objects.get().keep_until == until
    archive(until - timedelta(seconds=1))
    assert OLD_TICKS in attached(TRADE_HISTORY)
    archive(until)
    assert OLD_TICKS not in attached(TRADE_HISTORY)


def test_partition_that_was_restored_is_archived_as_a_new_generation(put_away):
    fill_ticks(rows=10)
    remember(OLD_TICKS)
    put_away()
    restore(OLD_TICKS, days=1)
    later = A_WEEK_LATER + DAY
    archive(later)
    archive(later + 7 * DAY)

    came = restore(OLD_TICKS, now=later + 8 * DAY)

    assert came == Attached(rows=10)
    assert differences(OLD_TICKS) == 0
    assert states() == [(1, "superseded"), (2, "restored")]


def test_restoring_twice_prolongs_the_time_only(put_away):
    fill_ticks(rows=10)
    put_away()
    restore(OLD_TICKS, days=1)

    came = restore(OLD_TICKS, days=90)

    assert came == Attached()
    record = ArchivedPartition.objects.get()
    assert record.keep_until == A_WEEK_LATER + 90 * DAY
    assert catalog.count_rows(OLD_TICKS) == 10


def test_archive_comes_back_into_a_partition_made_for_late_rows(bot, put_away):
    trade = fill_ticks(rows=10)
    fill_logs(bot, rows=10)
    put_away()
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    add_ticks(trade, rows=2, start=OLD_DAY)
    create_partitions_for(BOT_LOGS, [OLD_MONTH], now=OLD_MONTH)
    add_logs(bot, rows=2)

    assert restore(OLD_TICKS) == Attached(rows=10)
    assert restore(OLD_LOGS) == Attached(rows=10)
    assert (trade.history.count(), bot.logs.count()) == (12, 12)
    assert leftovers() == []


def test_row_that_is_there_already_is_not_brought_twice(put_away):
    trade = fill_ticks(rows=10)
    kept = trade.history.latest("recorded_at")
    put_away()
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    kept.save(force_insert=True)

    came = restore(OLD_TICKS)

    assert came == Attached(rows=9, present=1)
    assert trade.history.count() == 10


def test_all_generations_come_back_together(put_away):
    trade = fill_ticks(rows=10)
    archive()
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    add_ticks(trade, rows=2, start=OLD_DAY)
    put_away()

    came = restore(OLD_TICKS)

    assert came == Attached(rows=12)
    assert trade.history.count() == 12
    assert states() == [(1, "restored"), (2, "restored")]


def test_all_generations_are_one_when_their_time_is_over():
    trade = fill_ticks(rows=10)
    archive()
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    add_ticks(trade, rows=2, start=OLD_DAY)
    archive()
    restore(OLD_TICKS, days=1)

    archive(A_WEEK_LATER + DAY)

    assert states() == [(1, "superseded"), (2, "superseded"), (3, "detached")]
    assert ArchivedPartition.objects.get(generation=3).rows == 12


def test_column_that_came_after_the_archive_is_empty(bot):
    fill_logs(bot, rows=10)
    archive()
    archive(A_WEEK_LATER)
    execute("ALTER TABLE bot_logs ADD COLUMN later text")
    try:
        came = restore(OLD_LOGS)
        rows = catalog.count_rows(OLD_LOGS)
    finally:
        execute("ALTER TABLE bot_logs DROP COLUMN later")

    assert (came, rows) == (Attached(rows=10), 10)


def test_column_that_is_gone_refuses_the_archive(bot):
    execute("ALTER TABLE bot_logs ADD COLUMN earlier text")
    try:
        fill_logs(bot, rows=10)
        archive()
        archive(A_WEEK_LATER)
    finally:
        execute("ALTER TABLE bot_logs DROP COLUMN earlier")

    with pytest.raises(ColumnsGone, match="bot_logs has no earlier"):
        restore(OLD_LOGS)

    assert states() == [(1, "dropped")]


def test_partition_that_was_never_archived_is_unknown():
    with pytest.raises(ArchiveUnknown):
        restore("trade_history_p20010101")


def test_command_says_what_came_back(capsys):
    fill_ticks(rows=10)
    archive(NOW)
    capsys.readouterr()

    call_command("restore_partition", OLD_TICKS, "--days", "5")

    told = capsys.readouterr()
    assert told.out == (
        "10 rows restored, 0 left out as what they belonged to is deleted, 0 were there"
        " already\n"
    )
    assert told.err == f"{OLD_TICKS} #1: restored\n"
    record = ArchivedPartition.objects.get()
    assert record.restored_at is not None
    assert record.keep_until == record.restored_at + 5 * DAY


def test_command_refuses_an_unknown_name():
    with pytest.raises(CommandError, match="ARCHIVE_UNKNOWN"):
        call_command("restore_partition", "users")


def test_folder_may_be_moved(settings, archive_dir, tmp_path):
    fill_ticks(rows=10)
    archive()
    archive(A_WEEK_LATER)
    elsewhere: Path = tmp_path / "elsewhere"
    archive_dir.rename(elsewhere)
    settings.ARCHIVE_DIR = f"file://{elsewhere}"

    assert restore(OLD_TICKS) == Attached(rows=10)


def test_archive_may_lie_in_an_object_store(settings):
    settings.ARCHIVE_DIR = "memory://bucket/archive"
    fill_ticks(rows=10)
    remember(OLD_TICKS)
    archive()
    archive(A_WEEK_LATER)

    assert restore(OLD_TICKS) == Attached(rows=10)
    assert differences(OLD_TICKS) == 0
