"""A worker that is killed at any point loses nothing and does nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as project_settings
from django.db import connection

from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.partitions import TRADE_HISTORY
from smarttrader.jobs.services.locks import ArchiveBusy
from smarttrader.tests.archive.tables import (
    DAY,
    NOW,
    OLD_DAY,
    OLD_TICKS,
    add_ticks,
    archive,
    attached,
    differences,
    fill_ticks,
    leftovers,
    remember,
    restore,
)

ROWS = 20_000
QUICK_KILLS, NIGHTLY_KILLS = 3, 20
LONGEST_SECONDS = 60


@pytest.fixture
def wanted_kills() -> int:
    is_nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
    return NIGHTLY_KILLS if is_nightly else QUICK_KILLS


def start(*arguments: str) -> "subprocess.Popen[str]":
    url = urlsplit(os.environ["DATABASE_URL"])
    database = connection.settings_dict["NAME"]
    return subprocess.Popen(  # noqa: S603 -- our own manage.py
        [sys.executable, "manage.py", *arguments],
        cwd=Path(project_settings.BASE_DIR),
        env={
            **os.environ,
            "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}")),
            "ARCHIVE_DIR": str(project_settings.ARCHIVE_DIR),
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_somewhere(*arguments: str, lines: int) -> int:
    """Run a command, kill it a moment after a line of progress; count what was alive.

    What is written after the last of `lines` is not worth a kill.
    """
    process = start(*arguments)
    assert process.stderr is not None
    for _ in range(random.randint(1, lines)):
        process.stderr.readline()
    time.sleep(random.uniform(0, 0.08))
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


def once_free(run: Callable[[], object]) -> object:
    """Run when the killed command's session has ended: the server has to notice."""
    give_up = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < give_up:
        with suppress(ArchiveBusy):
            return run()
        time.sleep(0.05)
    return run()


def live_states() -> list[str]:
    live = ArchivedPartition.objects.exclude(state="superseded")
    return list(live.order_by("generation").values_list("state", flat=True))


def test_killed_commands_lose_nothing(wanted_kills):
    kills = 0
    while kills < wanted_kills:
        trade = fill_ticks(rows=ROWS)
        remember(OLD_TICKS)

        kills += kill_somewhere("archive_partitions", lines=3)
        once_free(archive)

        assert live_states() == ["detached"]
        assert len(leftovers()) == 1
        assert differences(leftovers()[0]) == 0

        ArchivedPartition.objects.update(detached_at=NOW - 8 * DAY)
        kills += kill_somewhere("archive_partitions", lines=1)
        once_free(archive)

        assert (live_states(), leftovers()) == (["dropped"], [])

        kills += kill_somewhere("restore_partition", OLD_TICKS, lines=1)
        once_free(lambda: restore(OLD_TICKS, now=NOW))

        assert (live_states(), leftovers()) == (["restored"], [])
        assert OLD_TICKS in attached(TRADE_HISTORY)
        assert differences(OLD_TICKS) == 0
        ArchivedPartition.objects.all().delete()
        trade.delete()
        assert catalog.count_rows(OLD_TICKS) == 0


@pytest.mark.nightly
def test_million_ticks_are_archived_verified_dropped_and_restored():
    trade = fill_ticks(rows=500_000)
    add_ticks(trade, rows=500_000, start=OLD_DAY)
    remember(OLD_TICKS)

    archive()
    archive(NOW + 7 * DAY)
    came = restore(OLD_TICKS)

    assert ArchivedPartition.objects.get().rows == 1_000_000
    assert came.rows == 1_000_000
    assert differences(OLD_TICKS) == 0


@pytest.mark.nightly
def test_archive_of_a_million_ticks_takes_little_memory():
    trade = fill_ticks(rows=500_000)
    add_ticks(trade, rows=500_000, start=OLD_DAY)
    idle = peak_of("check", "--tag", "models")

    assert peak_of("archive_partitions") < idle + 100_000
    ArchivedPartition.objects.update(detached_at=NOW - 8 * DAY)
    assert peak_of("archive_partitions") < idle + 50_000
    assert peak_of("restore_partition", OLD_TICKS) < idle + 100_000


def peak_of(*arguments: str) -> int:
    """Run a command to its end; return the most memory that it had, in kilobytes."""
    process = start(*arguments)
    assert process.stderr is not None
    process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert process.returncode == 0
    return usage.ru_maxrss
