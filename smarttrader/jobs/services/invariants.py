"""What must hold of partitions, roll-ups and archives, looked at once a day."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection
from django.db.models import Q

from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, ArchiveState, Invariant
from smarttrader.jobs.partitions import PARTITIONED_TABLES, periods_ahead
from smarttrader.jobs.services.archiving import (
    ArchiveDamaged,
    Progress,
    check_file,
    note_verified,
    noting_errors,
)
from smarttrader.jobs.services.retention import DROPPED_AFTER, overdue
from smarttrader.lib.errors import DomainError

PERIODS_AHEAD = 3
# They are made each six hours: so soon after midnight one may be missing yet.
MADE_WITHIN = timedelta(hours=12)
ROLLUP_WINDOW = timedelta(hours=1)
# Retention runs daily and may fail for a while before anybody has to know.
RETENTION_GRACE = timedelta(days=3)
# Each dropped partition's file is read again every so many files, oldest look first.
OLD_FILES_A_DAY = 20

logger = logging.getLogger(__name__)


class InvariantsBroken(DomainError):
    code = "INVARIANTS_BROKEN"
    title = "Something that must hold does not"
    kind = "conflict"


@dataclass(frozen=True)
class Check:
    name: str
    find_problems: Callable[[datetime, Progress], list[str]]


def check_invariants(*, now: datetime, on_progress: Progress) -> int:
    """Look at each invariant and note whether it holds; count them.

    What does not hold stands in its row, which staff see, and in the log as an error.
    Raises InvariantsBroken at the end, with all problems.
    """
    problems: list[str] = []
    for check in CHECKS:
        found = check.find_problems(now, on_progress)
        _note(check.name, found, now)
        on_progress(f"{check.name}: {'; '.join(found) or 'holds'}")
        problems += [f"{check.name}: {problem}" for problem in found]
    if problems:
        raise InvariantsBroken("; ".join(problems))
    return len(CHECKS)


def _note(name: str, problems: list[str], now: datetime) -> None:
    for problem in problems:
        logger.error("%s: %s", name, problem)
    row, _ = Invariant.objects.get_or_create(name=name, defaults={"checked_at": now})
    row.checked_at, row.problems = now, "\n".join(problems)
    row.broken_since = (row.broken_since or now) if problems else None
    row.save(update_fields=["checked_at", "problems", "broken_since"])


def partitions_behind(now: datetime, _on_progress: Progress) -> list[str]:
    """Find periods, of now and of the next three, that have no partition."""
    problems = []
    for table in PARTITIONED_TABLES:
        present = {
            partition.name
            for partition in catalog.partitions_of(table)
            if not partition.is_detach_pending
        }
        starts = islice(periods_ahead(table, now - MADE_WITHIN), PERIODS_AHEAD + 1)
        wanted = [
            table.partition_name(start)
            for start in starts
            if table.next_period(start) > now
        ]
        problems += [f"{name} is missing" for name in wanted if name not in present]
    return problems


def _rollups_behind(now: datetime, _on_progress: Progress) -> list[str]:
    """Find marks that were there an hour ago: a roll-up takes them each minute.

    A mark does not tell when it was made, so each look remembers the newest.
    """
    memory, _ = Invariant.objects.get_or_create(
        name=ROLLUPS, defaults={"checked_at": now}
    )
    if memory.seen_at and memory.seen_at > now - ROLLUP_WINDOW:
        return memory.problems.splitlines()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE id <= %s), min(hour_start)"
            " FILTER (WHERE id <= %s), max(id) FROM rollup_dirty",
            [memory.seen_mark or 0] * 2,
        )
        stuck, oldest, newest = cursor.fetchone()
    memory.seen_mark, memory.seen_at = newest, now
    memory.save(update_fields=["seen_mark", "seen_at"])
    if not stuck:
        return []
    return [f"{stuck} hours wait for long, the first of {oldest:%Y-%m-%d %H:%M}"]


def _archives_damaged(now: datetime, on_progress: Progress) -> list[str]:
    """Find archives with an error, and files that are not what was written.

    Files whose table stands yet are all read; of the others some each day.
    """
    live = ArchivedPartition.objects.exclude(state=ArchiveState.SUPERSEDED)
    unverified = live.filter(state=ArchiveState.WRITTEN).order_by("written_at")
    problems = [f"{archive} is not verified" for archive in unverified]
    dropped = live.filter(state=ArchiveState.DROPPED).order_by("verified_at")
    standing = live.filter(~Q(state__in=[ArchiveState.WRITTEN, ArchiveState.DROPPED]))
    for archive in [*standing.order_by("verified_at"), *dropped[:OLD_FILES_A_DAY]]:
        on_progress(f"{archive}: reading {archive.bytes:,} bytes")
        try:
            with noting_errors(archive):
                check_file(archive)
        except ArchiveDamaged as error:
            problems.append(error.message)
        else:
            note_verified(archive=archive, now=now)
    return problems


def _partitions_overdue(now: datetime, _on_progress: Progress) -> list[str]:
    """Find partitions long past their retention, and tables long past their week."""
    undropped = ArchivedPartition.objects.filter(
        state=ArchiveState.DETACHED,
        detached_at__lt=now - DROPPED_AFTER - RETENTION_GRACE,
    ).order_by("starts_at", "generation")
    return [
        f"{partition.name} ended {partition.end:%Y-%m-%d} and is not archived"
        for table in PARTITIONED_TABLES
        for partition in overdue(table, now=now, grace=RETENTION_GRACE)
    ] + [
        f"{archive} was detached {archive.detached_at:%Y-%m-%d} and is not dropped"
        for archive in undropped
    ]


ROLLUPS = "roll-ups"
CHECKS = (
    Check("partitions ahead", partitions_behind),
    Check(ROLLUPS, _rollups_behind),
    Check("archives", _archives_damaged),
    Check("retention", _partitions_overdue),
)
