"""What must hold is looked at, and told when it does not."""

import logging
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from analytics.models import RollupDirty
from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, Invariant, JobRun
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    PARTITIONED_TABLES,
    TRADE_HISTORY,
    create_partitions_for,
    ensure_partitions_ahead,
)
from smarttrader.jobs.runs import delete_old_runs
from smarttrader.jobs.services import invariants
from smarttrader.jobs.services.invariants import InvariantsBroken
from smarttrader.jobs.tasks import check_invariants as check_job
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    DAY,
    NOW,
    OLD_DAY,
    OLD_TICKS,
    archive,
    execute,
    fill_ticks,
    restore,
    say_nothing,
)

HOUR = timedelta(hours=1)


def look(now=NOW) -> int:
    return invariants.check_invariants(now=now, on_progress=say_nothing)


def check(now=NOW) -> int:
    """Look, after a day on which partitions were made ahead as on each."""
    ensure_partitions_ahead(now=now)
    return look(now)


def problems(now=NOW) -> str:
    with pytest.raises(InvariantsBroken) as broken:
        check(now)
    return broken.value.message


def drop_partition(table, periods: int) -> str:
    """Drop the partition of so many periods ahead; return its name."""
    start = table.period_start(NOW)
    for _ in range(periods):
        start = table.next_period(start)
    name = table.partition_name(start)
    catalog.detach(table, name)
    execute(f"DROP TABLE {name}")
    return str(name)


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff@example.com"))
    return client


def test_healthy_database_holds_all():
    assert check() == 4

    rows = Invariant.objects.order_by("name")
    assert [(row.name, row.is_held, row.checked_at) for row in rows] == [
        ("archives", True, NOW),
        ("partitions ahead", True, NOW),
        ("retention", True, NOW),
        ("roll-ups", True, NOW),
    ]


# --- Partitions ahead -----------------------------------------------------------------
@pytest.mark.parametrize("table", PARTITIONED_TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("periods", [0, 1, 3])
def test_missing_partition_is_told(table, periods):
    noon = table.period_start(NOW) + 12 * HOUR
    ensure_partitions_ahead(now=noon)
    name = drop_partition(table, periods)

    with pytest.raises(InvariantsBroken) as broken:
        look(noon)

    assert broken.value.message == f"partitions ahead: {name} is missing"
    assert check() == 4


@pytest.mark.parametrize("table", PARTITIONED_TABLES, ids=lambda table: table.name)
def test_partition_is_not_missed_before_it_had_to_be_made(table):
    morning = table.period_start(NOW) + 11 * HOUR
    ensure_partitions_ahead(now=morning)
    drop_partition(table, 3)

    assert look(morning) == 4


# --- Roll-ups -------------------------------------------------------------------------
def test_hour_that_waits_for_its_roll_up_is_told_when_it_waits_for_long(bot):
    RollupDirty.objects.create(bot_instance=bot, hour_start=OLD_DAY)

    assert check() == 4
    assert check(NOW + HOUR - timedelta(seconds=1)) == 4
    told = problems(NOW + HOUR)

    assert told == (
        f"roll-ups: 1 hours wait for long, the first of {OLD_DAY:%Y-%m-%d %H:%M}"
    )


def test_alarm_about_roll_ups_lasts_until_they_are_done(bot):
    mark = RollupDirty.objects.create(bot_instance=bot, hour_start=OLD_DAY)
    check()
    first = problems(NOW + HOUR)

    assert problems(NOW + HOUR + timedelta(minutes=1)) == first
    mark.delete()
    assert check(NOW + 3 * HOUR) == 4


def test_hours_that_come_and_go_are_no_problem(bot):
    for number in range(3):
        mark = RollupDirty.objects.create(bot_instance=bot, hour_start=OLD_DAY)
        assert check(NOW + number * DAY) == 4
        mark.delete()


# --- Archives and retention -----------------------------------------------------------
def test_archive_that_was_never_verified_is_told():
    fill_ticks(rows=3)
    archive()
    restore(OLD_TICKS, now=NOW)
    ArchivedPartition.objects.update(state="written")

    assert problems() == f"archives: {OLD_TICKS} #1 is not verified"


def test_files_of_dropped_partitions_are_read_in_turn(archive_dir):
    days = [OLD_DAY - number * DAY for number in range(22)]
    for day in days:
        create_partitions_for(TRADE_HISTORY, [day], now=day)
    archive()
    archive(A_WEEK_LATER)

    check(A_WEEK_LATER + DAY)
    after_a_day = ArchivedPartition.objects.filter(verified_at=A_WEEK_LATER + DAY)
    read_first = after_a_day.count()
    check(A_WEEK_LATER + 2 * DAY)

    assert read_first == 20
    latest = ArchivedPartition.objects.filter(verified_at=A_WEEK_LATER + 2 * DAY)
    assert latest.count() == 20
    assert not ArchivedPartition.objects.filter(verified_at=A_WEEK_LATER).exists()


def test_partition_long_past_its_retention_is_told():
    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)
    end = OLD_DAY + DAY

    assert check(end + 368 * DAY - timedelta(seconds=1)) == 4
    told = problems(end + 368 * DAY)

    assert told == f"retention: {OLD_TICKS} ended {end:%Y-%m-%d} and is not archived"


def test_partition_that_is_kept_is_no_problem():
    fill_ticks(rows=3)
    archive()
    restore(OLD_TICKS, days=30, now=NOW)

    assert check(NOW + 2 * DAY) == 4


def test_table_that_is_not_dropped_is_told():
    fill_ticks(rows=3)
    archive()

    assert check(NOW + 10 * DAY) == 4
    told = problems(NOW + 10 * DAY + timedelta(seconds=1))

    assert told == (
        f"retention: {OLD_TICKS} #1 was detached {NOW:%Y-%m-%d} and is not dropped"
    )


# --- The alarm ------------------------------------------------------------------------
def test_all_problems_are_told_where_staff_and_log_see_them(bot, caplog, staff):
    name = BOT_LOGS.partition_name(BOT_LOGS.period_start(NOW))
    catalog.detach(BOT_LOGS, name)
    execute(f"DROP TABLE {name}")
    RollupDirty.objects.create(bot_instance=bot, hour_start=OLD_DAY)
    Invariant.objects.create(
        name="roll-ups",
        checked_at=NOW - DAY,
        seen_mark=RollupDirty.objects.get().pk,
        seen_at=NOW - DAY,
    )

    with caplog.at_level(logging.ERROR), pytest.raises(InvariantsBroken):
        check_job()
    ensure_partitions_ahead(now=NOW)

    stuck = f"1 hours wait for long, the first of {OLD_DAY:%Y-%m-%d %H:%M}"
    assert caplog.messages == [
        f"partitions ahead: {name} is missing",
        f"roll-ups: {stuck}",
    ]
    assert JobRun.objects.get(job="jobs.check_invariants").error == (
        f"InvariantsBroken: partitions ahead: {name} is missing; roll-ups: {stuck}"
    )
    page = staff.get(reverse("admin:jobs_invariant_changelist")).content.decode()
    assert stuck in page
    assert f"{name} is missing" in page


def test_problem_that_lasts_keeps_the_day_on_which_it_began(bot):
    RollupDirty.objects.create(bot_instance=bot, hour_start=OLD_DAY)
    check()
    problems(NOW + HOUR)

    problems(NOW + 3 * HOUR)

    row = Invariant.objects.get(name="roll-ups")
    assert (row.broken_since, row.checked_at) == (NOW + HOUR, NOW + 3 * HOUR)


def test_command_tells_what_holds(capsys):
    call_command("check_invariants")

    told = capsys.readouterr()
    assert told.out == "4 invariants hold\n"
    assert told.err == (
        "partitions ahead: holds\nroll-ups: holds\narchives: holds\nretention: holds\n"
    )


def test_command_fails_when_something_does_not_hold(bot):
    fill_ticks(rows=3, day=OLD_DAY - 30 * DAY)

    with pytest.raises(CommandError) as failure:
        call_command("check_invariants")

    assert failure.value.returncode == 2


def test_staff_see_the_archives(staff):
    fill_ticks(rows=3)
    archive()

    page = staff.get(reverse("admin:jobs_archivedpartition_changelist"))

    assert OLD_TICKS in page.content.decode()


def test_runs_of_jobs_are_kept_a_week():
    for days in (0, 7, 8, 9):
        JobRun.objects.create(job=f"job {days}", started_at=NOW - days * DAY)

    assert delete_old_runs(now=NOW) == 2

    left = JobRun.objects.order_by("-started_at").values_list("job", flat=True)
    assert list(left) == ["job 0", "job 7"]
