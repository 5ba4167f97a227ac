"""Archives are kept for ever, or ARCHIVE_KEEP_DAYS."""

from datetime import timedelta
from pathlib import Path

import pytest

from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.services.restoring import ArchiveUnknown
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    DAY,
    NOW,
    OLD_DAY,
    OLD_TICKS,
    add_ticks,
    archive,
    fill_ticks,
    restore,
)

KEPT_DAYS = 400
OVER = OLD_DAY + DAY + KEPT_DAYS * DAY  # the partition's end, and then so many days
A_MOMENT = timedelta(microseconds=1)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*/*"))


def both_files(*generations: int) -> list[str]:
    return [
        f"{OLD_TICKS}.{generation}.{ending}"
        for generation in generations
        for ending in ("json", "parquet")
    ]


def states() -> list[str]:
    rows = ArchivedPartition.objects.order_by("generation")
    return list(rows.values_list("state", flat=True))


def test_archive_is_kept_for_ever_by_default(archive_dir):
    fill_ticks(rows=10)
    archive()
    archive(A_WEEK_LATER)

    assert archive(OVER) == 0

    assert states() == ["dropped"]
    assert files_in(archive_dir) == both_files(1)


def test_archive_is_deleted_when_its_days_are_over(archive_dir, settings):
    settings.ARCHIVE_KEEP_DAYS = KEPT_DAYS
    fill_ticks(rows=10)
    archive()
    archive(A_WEEK_LATER)

    assert archive(OVER - A_MOMENT) == 0
    assert files_in(archive_dir) == both_files(1)
    assert archive(OVER) == 1

    assert (states(), files_in(archive_dir)) == ([], [])
    with pytest.raises(ArchiveUnknown):
        restore(OLD_TICKS)


def test_former_generations_are_deleted_too(archive_dir, settings):
    settings.ARCHIVE_KEEP_DAYS = KEPT_DAYS
    trade = fill_ticks(rows=10)
    archive()
    restore(OLD_TICKS, days=1, now=NOW)
    add_ticks(trade, rows=2, start=OLD_DAY)
    archive(NOW + 2 * DAY)
    archive(NOW + 9 * DAY)
    assert states() == ["superseded", "dropped"]
    assert files_in(archive_dir) == both_files(1, 2)

    archive(OVER)

    assert (states(), files_in(archive_dir)) == ([], [])


def test_archive_whose_rows_are_in_a_table_is_not_deleted(archive_dir, settings):
    settings.ARCHIVE_KEEP_DAYS = 1
    fill_ticks(rows=10)

    archive()
    assert (states(), files_in(archive_dir)) == (["detached"], both_files(1))
    restore(OLD_TICKS, now=NOW)
    assert archive(A_WEEK_LATER) == 0

    assert (states(), files_in(archive_dir)) == (["restored"], both_files(1))


def test_deletion_that_was_killed_is_gone_on_with(archive_dir, settings):
    fill_ticks(rows=10)
    archive()
    archive(A_WEEK_LATER)
    (archive_dir / "trade_history" / f"{OLD_TICKS}.1.parquet").unlink()
    settings.ARCHIVE_KEEP_DAYS = KEPT_DAYS

    assert archive(OVER) == 1

    assert (states(), files_in(archive_dir)) == ([], [])
