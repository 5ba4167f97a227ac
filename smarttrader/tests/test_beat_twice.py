"""Two beats, or two workers with the same messages, leave the rows of one."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings as project_settings
from django.db import connection

from accounts.models import EmailCode, RevokedToken, User
from analytics.models import EquityHour
from bots.models import BotInstance, Command
from bots.services.commands import queue_command
from bots.tests.factories import BotInstanceFactory, GuardBreachFactory
from licensing.models import LicenseStatus
from licensing.tests.factories import LicenseFactory
from notifications.models import BotNews, DigestFrequency, Event, NotificationType
from notifications.services import digests, inbox, outbox
from smarttrader.celery import app
from smarttrader.jobs.models import JobRun
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    ensure_partitions_ahead,
    periods_ahead,
)
from smarttrader.lib.actors import SYSTEM
from smarttrader.lib.ids import uuid7
from smarttrader.tests.archive.tables import (
    DAY,
    NOW,
    OLD_DAY,
    archive,
    execute,
    fill_logs,
    fill_ticks,
    forget_old_partitions,
)
from trading.tests.factories import ClosedTradeFactory

WORKER = """
import sys
from smarttrader.celery import app
import django
django.setup()
app.loader.import_default_modules()
print("ready", flush=True)
for line in sys.stdin:
    app.tasks[line.strip()]()
    print("done", flush=True)
"""
SCHEDULED = [entry["task"] for entry in app.conf.beat_schedule.values()]
# They leave a record of their own, or run each few seconds.
UNRECORDED = {
    "notifications.send_urgent_mail",
    "notifications.read_telegram",
    "jobs.run_requests",
}
RECORDED = [task for task in SCHEDULED if task not in UNRECORDED]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Of an event of a license, over its moment too.
HASH = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15}\+00")
AN_HOUR = timedelta(hours=1)
Rows = dict[str, list[str]]


@pytest.fixture
def archive_dir(settings: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "twice"
    settings.ARCHIVE_DIR = str(folder)
    return folder


@pytest.fixture(autouse=True)
def present_partitions_only(transactional_db: None) -> Iterator[None]:
    forget_old_partitions()
    ensure_partitions_ahead(now=NOW)
    yield
    forget_old_partitions()
    ensure_partitions_ahead(now=NOW)


def test_the_schedule_run_twice_at_once_leaves_the_rows_of_one_run(
    alice: User, archive_dir: Path
):
    seed_work_of_each_kind(alice)
    twice = connection.settings_dict["NAME"]
    known = set(UUID.findall(str(rows_of(twice))))

    with copy_of(twice) as once:
        shutil.copytree(archive_dir, archive_dir.with_name("once"))
        run_schedule(once, archive_dir.with_name("once"), workers=1)
        run_schedule(twice, archive_dir, workers=2)
        expected, found = (masked(rows_of(name), known) for name in (once, twice))

    differences = [
        f"{name}: {line}"
        for name in sorted(found.keys() | expected.keys())
        for line in difflib.unified_diff(expected[name], found[name], n=0)
    ]
    assert "\n".join(differences) == ""
    assert files_in(archive_dir) == files_in(archive_dir.with_name("once"))
    runs = JobRun.objects.values_list("job", "error", "count")
    assert sorted((job, error) for job, error, _ in runs) == sorted(
        (task, "") for task in RECORDED * 2
    )
    # Each had something to do; billing's own tests run its jobs at once, and those of
    # webhooks and Telegram have peers.
    elsewhere = {task for task in RECORDED if task.startswith("billing.")}
    elsewhere |= {"notifications.send_webhooks", "notifications.send_telegram"}
    assert {job for job, _, count in runs if count} == set(RECORDED) - elsewhere


def seed_work_of_each_kind(owner: User) -> None:
    # A day whose ticks were detached a week ago, then a day and a month that are due.
    fill_ticks(rows=50, day=OLD_DAY - 10 * DAY)
    archive(NOW - 8 * DAY)
    fill_ticks(rows=50)
    silent = BotInstanceFactory.create(owner=owner, last_heartbeat=NOW - DAY)
    fill_logs(silent, rows=50)
    hold_since_yesterday(BotInstanceFactory.create(owner=owner))
    held = dict.fromkeys(("open", "high", "low", "close", "balance"), Decimal(1))
    for moment in (NOW - 401 * DAY, NOW - DAY):
        EquityHour.objects.create(
            bot_instance=silent, hour_start=moment, told_at=moment, **held
        )
    BotInstanceFactory.create(
        owner=owner, last_heartbeat=NOW, balance=Decimal(1), equity=Decimal(2)
    )
    add_closed_trades(silent, *BotInstanceFactory.create_batch(3, owner=owner))
    for changes in (
        {"expires_at": NOW - 30 * DAY},  # ended
        {"expires_at": NOW + 3 * DAY},  # ends soon
        {"expires_at": NOW - DAY, "status": LicenseStatus.EXPIRED},  # within its grace
    ):
        LicenseFactory.create(user=owner, **changes)
    for table in (BOT_LOGS, TRADE_HISTORY):
        *_, last = periods_ahead(table, NOW)
        execute(f"DROP TABLE {table.partition_name(last)}")
    BotNews.objects.create(
        bot_instance=silent, event=Event.ERROR_LOGGED, count=1, lines=["No money"]
    )
    RevokedToken.objects.create(pk=uuid7(), expires_at=NOW - DAY)
    EmailCode.objects.create(user=owner, digest="", expires_at=NOW - DAY)
    for is_urgent in (True, False):
        outbox.post_mail(
            recipient=owner.email,
            subject="Good news",
            text="",
            is_urgent=is_urgent,
            now=NOW,
        )
    for days in (1, 31, 40):
        inbox.notify(
            user_id=owner.pk,
            type=NotificationType.SYSTEM,
            title=f"{days} days ago",
            message="",
            now=NOW - days * DAY,
        )
    want_a_digest(owner)
    JobRun.objects.create(job="old", started_at=NOW - 8 * DAY)


def want_a_digest(owner: User) -> None:
    """Let it be noon where the owner lives, whose day was told each morning so far."""
    zone = f"Etc/GMT{NOW.hour - 12:+d}"
    User.objects.filter(pk=owner.pk).update(time_zone=zone, email_verified=True)
    digests.choose_digest(
        user=owner, frequency=DigestFrequency.DAILY, now=NOW - 30 * DAY
    )


def hold_since_yesterday(bot: BotInstance) -> None:
    pause = queue_command(
        bot=bot, command=Command.PAUSE, actor=SYSTEM, now=NOW - 2 * DAY
    )
    GuardBreachFactory.create(bot_instance=bot, pause=pause, at=NOW - 2 * DAY)


def add_closed_trades(*bots: BotInstance) -> None:
    for bot in bots:
        for days in range(20):
            opened_at = NOW - days * DAY - AN_HOUR
            ClosedTradeFactory.create(
                bot_instance=bot, opened_at=opened_at, closed_at=opened_at + AN_HOUR / 2
            )


@contextmanager
def copy_of(database: str) -> Iterator[str]:
    """Yield the name of a copy of a database, partitions and all."""
    name = f"{database}_once"
    connection.close()
    with connect("postgres") as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {database}")
        try:
            yield name
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connect(database: str) -> "psycopg.Connection[tuple[Any, ...]]":
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password")
    given = {name: parameters[name] for name in names if name in parameters}
    return psycopg.connect(**given, dbname=database, autocommit=True)


def run_schedule(database: str, folder: Path, *, workers: int) -> None:
    """Run each task in all workers at once, one task after the other."""
    started = [start_worker(database, folder) for _ in range(workers)]
    for worker in started:
        expect(worker, "ready\n")
    for task in SCHEDULED:
        for worker in started:
            assert worker.stdin is not None
            worker.stdin.write(f"{task}\n")
            worker.stdin.flush()
        for worker in started:
            expect(worker, "done\n")
    for worker in started:
        worker.communicate()


def expect(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdout is not None
    assert worker.stdout.readline() == line


def start_worker(database: str, folder: Path) -> "subprocess.Popen[str]":
    url = urlsplit(os.environ["DATABASE_URL"])
    return subprocess.Popen(  # noqa: S603 -- our own code
        [sys.executable, "-c", WORKER],
        cwd=Path(project_settings.BASE_DIR),
        env={
            **os.environ,
            "DATABASE_URL": urlunsplit(url._replace(path=f"/{database}")),
            "ARCHIVE_DIR": str(folder),
            "EMAIL_URL": "dummymail://",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def rows_of(database: str) -> Rows:
    """Return each table's rows as text, and the names of all partitions."""
    with connect(database) as server:
        tables = server.execute(
            "SELECT relname, relispartition FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        ).fetchall()
        rows = {
            name: [
                text for (text,) in server.execute(f'SELECT t::text FROM "{name}" t')
            ]
            for name, is_partition in tables
            if not is_partition and name != JobRun._meta.db_table
        }
    return {
        **rows,
        "partitions": [name for name, is_partition in tables if is_partition],
    }


def masked(rows: Rows, known: set[str]) -> Rows:
    """Blot out what each run makes anew: identifiers, the present, events' hashes."""
    since, until = f"{NOW:%F %T}", f"{NOW + DAY / 2:%F %T}"

    def identifier(found: re.Match[str]) -> str:
        return found[0] if found[0] in known else "new"

    def moment(found: re.Match[str]) -> str:
        return "now" if since <= found[0] <= until else found[0]

    def blotted(name: str, row: str) -> str:
        row = MOMENT.sub(moment, UUID.sub(identifier, row))
        return HASH.sub("hash", row) if name.startswith("license") else row

    return {
        name: sorted(blotted(name, row) for row in texts)
        for name, texts in rows.items()
    }


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
