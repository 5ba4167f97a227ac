"""A file that is not what was written keeps its table from being dropped."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from smarttrader.jobs.models import ArchivedPartition, Invariant, JobRun
from smarttrader.jobs.partitions import TRADE_HISTORY, ensure_partitions_ahead
from smarttrader.jobs.services import archiving
from smarttrader.jobs.services.archiving import ArchiveDamaged
from smarttrader.jobs.services.attaching import Attached
from smarttrader.jobs.services.invariants import InvariantsBroken, check_invariants
from smarttrader.jobs.services.repairing import NoRowsLeft, archive_again
from smarttrader.jobs.services.retention import ArchivesFailed
from smarttrader.jobs.tasks import archive_partitions
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    DAY,
    NOW,
    OLD_TICKS,
    archive,
    attached,
    differences,
    fill_ticks,
    leftovers,
    remember,
    restore,
    say_nothing,
)

ROWS = 2000


def flip(at: float):
    def damage(file: Path) -> None:
        octets = bytearray(file.read_bytes())
        octets[int(at * (len(octets) - 1))] ^= 1
        file.write_bytes(octets)

    return damage


def cut(at: float):
    def damage(file: Path) -> None:
        file.write_bytes(file.read_bytes()[: int(at * file.stat().st_size)])

    return damage


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


DAMAGES = {
    "first byte": flip(0),
    "early": flip(0.1),
    "middle": flip(0.5),
    "late": flip(0.9),
    "last byte": flip(1),
    "empty": cut(0),
    "half": cut(0.5),
    "one short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "one more": lengthen,
    "missing": Path.unlink,
    "a folder": lambda file: (file.unlink(), file.mkdir()),
}
each_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
SOME = ("middle", "half", "missing")
some_damages = pytest.mark.parametrize(
    "damage", [DAMAGES[name] for name in SOME], ids=SOME
)


@each_damage
def test_damaged_file_blocks_the_drop(archive_dir, caplog, damage):
    fill_ticks(rows=ROWS)
    archive()
    record = ArchivedPartition.objects.get()
    damage(archive_dir / record.file)

    with caplog.at_level(logging.ERROR), pytest.raises(ArchivesFailed) as failure:
        archive(A_WEEK_LATER)

    record.refresh_from_db()
    assert record.state == "detached"
    assert record.file in record.error
    assert failure.value.message == f"{OLD_TICKS}: {record.error}"
    assert caplog.messages == [f"the archive of {OLD_TICKS} failed"]
    assert leftovers() == [f"{OLD_TICKS}_archived_1"]


def test_damage_is_an_error_of_the_job(archive_dir):
    fill_ticks(rows=3)
    archive()
    ArchivedPartition.objects.update(detached_at=NOW - 8 * DAY)
    (archive_dir / ArchivedPartition.objects.get().file).unlink()

    with pytest.raises(ArchivesFailed):
        archive_partitions()

    run = JobRun.objects.get(job="jobs.archive_partitions")
    assert run.error == (
        f"ArchivesFailed: {OLD_TICKS}: trade_history/{OLD_TICKS}.1.parquet is missing"
    )


@some_damages
def test_damaged_file_raises_the_alarm(archive_dir, caplog, damage):
    fill_ticks(rows=ROWS)
    archive()
    record = ArchivedPartition.objects.get()
    damage(archive_dir / record.file)

    with caplog.at_level(logging.ERROR), pytest.raises(InvariantsBroken):
        check_invariants(now=NOW, on_progress=say_nothing)

    record.refresh_from_db()
    alarm = Invariant.objects.get(broken_since=NOW)
    assert (alarm.name, alarm.problems) == ("archives", record.error)
    assert caplog.messages == [f"archives: {record.error}"]


@some_damages
def test_damaged_file_is_not_restored(archive_dir, damage):
    fill_ticks(rows=ROWS)
    archive()
    archive(A_WEEK_LATER)
    record = ArchivedPartition.objects.get()
    damage(archive_dir / record.file)

    with pytest.raises(ArchiveDamaged):
        restore(OLD_TICKS)

    record.refresh_from_db()
    assert record.state == "dropped"
    assert leftovers() == []


def test_file_that_is_whole_again_is_dropped_and_the_alarm_ends(archive_dir):
    fill_ticks(rows=3)
    archive()
    file = archive_dir / ArchivedPartition.objects.get().file
    file.rename(file.with_suffix(".away"))
    with pytest.raises(InvariantsBroken):
        check_invariants(now=NOW, on_progress=say_nothing)

    file.with_suffix(".away").rename(file)

    ensure_partitions_ahead(now=NOW + DAY)  # which may be in another month
    check_invariants(now=NOW + DAY, on_progress=say_nothing)
    assert not Invariant.objects.exclude(broken_since=None).exists()
    assert archive(A_WEEK_LATER) == 1


@pytest.mark.parametrize("what", ["rows", "columns", "first_key", "last_key"])
def test_file_that_differs_from_the_database_is_not_verified(what):
    fill_ticks(rows=10)
    archive()
    record = ArchivedPartition.objects.get()
    wrong = {
        "rows": record.rows + 1,
        "columns": [{**each, "sum": "1"} for each in record.columns],
        "first_key": record.starts_at + timedelta(microseconds=1),
        "last_key": record.ends_at - timedelta(microseconds=1),
    }
    setattr(record, what, wrong[what])

    with pytest.raises(ArchiveDamaged, match=f"differs in: {what}"):
        archiving.verify_archive(archive=record, now=NOW)


def test_partition_is_not_detached_before_its_archive_is_verified(archive_dir):
    fill_ticks(rows=3)
    archive()
    restore(OLD_TICKS, days=0, now=NOW)
    # A run was killed once it had written, and what it wrote is damaged since.
    ArchivedPartition.objects.update(
        state="written", verified_at=None, restored_at=None, keep_until=None
    )
    (archive_dir / ArchivedPartition.objects.get().file).write_bytes(b"")

    with pytest.raises(ArchivesFailed, match="has 0 bytes"):
        archive()

    assert leftovers() == []
    assert ArchivedPartition.objects.get().state == "written"
    archive_again(partition=OLD_TICKS, now=NOW, on_progress=say_nothing)
    assert archive() == 1


def test_damaged_archive_is_written_anew_from_the_detached_table(archive_dir, capsys):
    fill_ticks(rows=ROWS)
    remember(OLD_TICKS)
    archive()
    (archive_dir / ArchivedPartition.objects.get().file).unlink()

    call_command("archive_partitions", "--again", OLD_TICKS)

    assert capsys.readouterr().out == "1 archives written anew\n"
    first, second = ArchivedPartition.objects.order_by("generation")
    assert (first.state, second.state) == ("superseded", "detached")
    ArchivedPartition.objects.filter(pk=second.pk).update(detached_at=NOW)
    assert archive(A_WEEK_LATER) == 1
    assert restore(OLD_TICKS) == Attached(rows=ROWS)
    assert differences(OLD_TICKS) == 0


def test_archive_cannot_be_written_anew_without_rows():
    fill_ticks(rows=3)
    archive()
    archive(A_WEEK_LATER)

    with pytest.raises(NoRowsLeft):
        archive_again(partition=OLD_TICKS, now=A_WEEK_LATER, on_progress=say_nothing)

    assert ArchivedPartition.objects.get().state == "dropped"


def test_table_that_is_a_partition_is_not_dropped():
    fill_ticks(rows=3)
    archive()
    today = TRADE_HISTORY.partition_name(TRADE_HISTORY.period_start(NOW))
    ArchivedPartition.objects.update(detached_table=today)

    with pytest.raises(ArchivesFailed, match=f"{today} is a partition"):
        archive(A_WEEK_LATER)

    assert today in attached(TRADE_HISTORY)
