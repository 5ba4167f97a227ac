"""What is past its retention goes to the archive, then away."""

import json
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command

from analytics.models import RollupDirty
from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, JobRun
from smarttrader.jobs.partitions import BOT_LOGS, TRADE_HISTORY, create_partitions_for
from smarttrader.jobs.services.retention import ArchivesFailed
from smarttrader.jobs.tasks import archive_partitions
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    DAY,
    NOW,
    OLD_DAY,
    OLD_LOGS,
    OLD_MONTH,
    OLD_TICKS,
    add_ticks,
    archive,
    attached,
    execute,
    fill_logs,
    fill_ticks,
    leftovers,
)


def states() -> list[tuple[str, int, str, int]]:
    rows = ArchivedPartition.objects.order_by("partition", "generation")
    return list(rows.values_list("partition", "generation", "state", "rows"))


def test_partition_past_its_retention_is_archived_and_detached(archive_dir):
    trade = fill_ticks(rows=1000)

    done = archive()

    assert done == 1
    assert OLD_TICKS not in attached(TRADE_HISTORY)
    assert leftovers() == [f"{OLD_TICKS}_archived_1"]
    assert states() == [(OLD_TICKS, 1, "detached", 1000)]
    assert trade.history.count() == 0
    files = sorted(path.name for path in (archive_dir / "trade_history").iterdir())
    assert files == [f"{OLD_TICKS}.1.json", f"{OLD_TICKS}.1.parquet"]


def test_record_and_manifest_tell_what_is_in_the_file(archive_dir):
    trade = fill_ticks(rows=4)

    archive()

    record = ArchivedPartition.objects.get()
    opened_at = int(trade.opened_at.timestamp()) * 1_000_000
    day = 24 * 3600 * 1_000_000
    assert record.columns == [
        {"name": "id", "type": "uuid", "values": 4, "sum": "144"},
        {
            "name": "current_price",
            "type": "numeric(15,5)",
            "values": 4,
            "sum": "1.23460",
        },
        {
            "name": "unrealized_profit",
            "type": "numeric(10,2)",
            "values": 4,
            "sum": "100000000.01",
        },
        {
            "name": "recorded_at",
            "type": "timestamp with time zone",
            "values": 4,
            "sum": str(4 * opened_at + (1 + 2 + 3) * day // 4),
        },
        {
            "name": "trade_opened_at",
            "type": "timestamp with time zone",
            "values": 4,
            "sum": str(4 * opened_at),
        },
        {"name": "trade_id", "type": "uuid", "values": 4, "sum": "144"},
    ]
    assert (record.first_key, record.last_key) == (OLD_DAY, OLD_DAY + 0.75 * DAY)
    assert (record.starts_at, record.ends_at) == (OLD_DAY, OLD_DAY + DAY)
    manifest = json.loads(
        (archive_dir / f"trade_history/{OLD_TICKS}.1.json").read_text()
    )
    assert manifest == {
        "table": "trade_history",
        "partition": OLD_TICKS,
        "generation": 1,
        "starts_at": OLD_DAY.isoformat(),
        "ends_at": (OLD_DAY + DAY).isoformat(),
        "file": f"trade_history/{OLD_TICKS}.1.parquet",
        "bytes": (archive_dir / record.file).stat().st_size,
        "sha256": record.sha256,
        "rows": 4,
        "first_key": OLD_DAY.isoformat(),
        "last_key": (OLD_DAY + 0.75 * DAY).isoformat(),
        "content_sha256": record.content_sha256,
        "columns": record.columns,
        "written_at": NOW.isoformat(),
    }


def test_file_keeps_numbers_as_numbers_and_times_as_times(archive_dir):
    fill_ticks(rows=3)

    archive()

    file = pq.ParquetFile(archive_dir / ArchivedPartition.objects.get().file)
    assert file.schema_arrow == pa.schema(
        [
            ("id", pa.utf8()),
            ("current_price", pa.decimal128(15, 5)),
            ("unrealized_profit", pa.decimal128(10, 2)),
            ("recorded_at", pa.timestamp("us", "UTC")),
            ("trade_opened_at", pa.timestamp("us", "UTC")),
            ("trade_id", pa.utf8()),
        ]
    )
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    rows = file.read().to_pydict()
    assert rows["current_price"] == [
        Decimal("9999999999.99999"),
        Decimal("-9999999999.99999"),
        Decimal("0.00001"),
    ]
    assert rows["recorded_at"] == [
        OLD_DAY,
        OLD_DAY + timedelta(hours=8),
        OLD_DAY + timedelta(hours=16),
    ]


def test_what_retention_keeps_is_left_alone(bot):
    create_partitions_for(TRADE_HISTORY, [OLD_DAY + 1 * DAY], now=OLD_DAY)
    create_partitions_for(BOT_LOGS, [NOW - 89 * DAY], now=NOW)
    before = attached(TRADE_HISTORY), attached(BOT_LOGS)

    assert archive() == 0
    assert (attached(TRADE_HISTORY), attached(BOT_LOGS)) == before


def test_partition_goes_when_its_end_is_as_old_as_its_retention():
    create_partitions_for(BOT_LOGS, [OLD_MONTH], now=OLD_MONTH)
    end = BOT_LOGS.next_period(OLD_MONTH)

    assert archive(end + 90 * DAY - timedelta(microseconds=1)) == 0
    assert archive(end + 90 * DAY) == 1


def test_empty_partition_is_archived_too():
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)

    archive()
    archive(A_WEEK_LATER)

    assert states() == [(OLD_TICKS, 1, "dropped", 0)]


def test_table_is_dropped_after_seven_days(bot):
    fill_logs(bot, rows=100)
    archive()

    assert archive(A_WEEK_LATER - timedelta(seconds=1)) == 0
    assert leftovers() == [f"{OLD_LOGS}_archived_1"]
    assert archive(A_WEEK_LATER) == 1
    assert leftovers() == []
    assert states() == [(OLD_LOGS, 1, "dropped", 100)]
    assert archive(A_WEEK_LATER + DAY) == 0


def test_table_is_kept_while_an_hour_before_its_end_waits_for_its_roll_up(bot):
    fill_logs(bot, rows=10)
    archive()
    end = BOT_LOGS.next_period(OLD_MONTH)
    waiting = RollupDirty.objects.create(
        bot_instance=bot, hour_start=end - timedelta(hours=1)
    )

    with pytest.raises(ArchivesFailed, match=r"1 hours before .* are not rolled up"):
        archive(A_WEEK_LATER)

    assert leftovers() == [f"{OLD_LOGS}_archived_1"]
    waiting.hour_start = end
    waiting.save()
    assert archive(A_WEEK_LATER) == 1
    assert ArchivedPartition.objects.get().error == ""


def test_partition_that_fails_stops_no_other(bot):
    fill_ticks(rows=3)
    fill_logs(bot, rows=3)
    archive()
    execute(f"CREATE VIEW in_the_way AS TABLE {OLD_TICKS}_archived_1")

    with pytest.raises(ArchivesFailed, match=f"{OLD_TICKS}: cannot drop table"):
        archive(A_WEEK_LATER)

    assert states() == [(OLD_LOGS, 1, "dropped", 3), (OLD_TICKS, 1, "detached", 3)]
    execute("DROP VIEW in_the_way")
    assert archive(A_WEEK_LATER) == 1


def test_column_that_no_archive_can_hold_stops_its_table(archive_dir, bot):
    fill_ticks(rows=3)
    fill_logs(bot, rows=3)
    execute("ALTER TABLE bot_logs ADD COLUMN oddity point")

    try:
        with pytest.raises(ArchivesFailed) as failure:
            archive()
    finally:
        execute("ALTER TABLE bot_logs DROP COLUMN oddity")

    assert failure.value.message == f"{OLD_LOGS}: oddity is of type point"
    assert states() == [(OLD_TICKS, 1, "detached", 3)]
    assert list((archive_dir / "bot_logs").iterdir()) == []
    assert archive() == 1


def test_run_that_is_repeated_finds_nothing_to_do(bot):
    fill_ticks(rows=3)
    fill_logs(bot, rows=3)

    assert archive() == 2
    before = states()
    assert archive() == 0
    assert states() == before


def test_partition_made_anew_for_late_rows_is_another_generation():
    trade = fill_ticks(rows=3)
    archive()
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    add_ticks(trade, rows=2, start=OLD_DAY)

    archive()

    assert states() == [
        (OLD_TICKS, 1, "detached", 3),
        (OLD_TICKS, 2, "detached", 2),
    ]
    assert leftovers() == [f"{OLD_TICKS}_archived_1", f"{OLD_TICKS}_archived_2"]


def test_generation_passes_over_files_that_no_record_knows(archive_dir):
    fill_ticks(rows=3)
    folder = archive_dir / "trade_history"
    folder.mkdir(parents=True)
    (folder / f"{OLD_TICKS}.6.parquet").write_text("all that is left")
    (folder / f"{OLD_TICKS}0.9.parquet").write_text("of another")

    archive()

    assert states() == [(OLD_TICKS, 7, "detached", 3)]
    assert (folder / f"{OLD_TICKS}.6.parquet").read_text() == "all that is left"


def test_what_killed_runs_have_left_unfinished_is_removed(archive_dir):
    fill_ticks(rows=3)
    folder = archive_dir / "trade_history"
    folder.mkdir(parents=True)
    (folder / f"{OLD_TICKS}.1.parquet.0f.unfinished").touch()
    (folder / f"{OLD_TICKS}0.1.parquet.0f.unfinished").touch()

    archive()

    assert sorted(path.name for path in folder.iterdir()) == [
        f"{OLD_TICKS}.1.json",
        f"{OLD_TICKS}.1.parquet",
        f"{OLD_TICKS}0.1.parquet.0f.unfinished",
    ]


def test_deletion_of_a_bot_reaches_a_detached_table(bot):
    fill_logs(bot, rows=10)
    archive()

    bot.delete()

    assert catalog.count_rows(f"{OLD_LOGS}_archived_1") == 0
    assert archive(A_WEEK_LATER) == 1


def test_command_tells_each_step(capsys, bot):
    fill_logs(bot, rows=20)

    call_command("archive_partitions")

    told = capsys.readouterr()
    assert told.out == "1 partitions detached or dropped\n"
    assert told.err.splitlines() == [
        f"{OLD_LOGS}: 20 rows read",
        f"{OLD_LOGS} #1: written",
        f"{OLD_LOGS} #1: verified",
        f"{OLD_LOGS} #1: detached",
    ]


def test_job_is_recorded():
    fill_ticks(rows=3)

    archive_partitions()

    assert JobRun.objects.get(job="jobs.archive_partitions").count == 1
