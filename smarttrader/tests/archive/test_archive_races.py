"""Late rows, second runs and old transactions meet the archive."""

from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from django.db import connection

from accounts.tests.threads import all_at_once
from smarttrader.jobs import catalog, tasks
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.partitions import TRADE_HISTORY, create_partitions_for
from smarttrader.jobs.services import retention
from smarttrader.jobs.services.attaching import Attached
from smarttrader.jobs.services.locks import ArchiveBusy, archive_lock
from smarttrader.jobs.services.retention import ArchivesFailed
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    NOW,
    OLD_DAY,
    OLD_LOGS,
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
)


def rows_of_generations() -> list[tuple[int, str, int]]:
    rows = ArchivedPartition.objects.order_by("generation")
    return list(rows.values_list("generation", "state", "rows"))


@pytest.mark.parametrize("step", ["written", "verified"])
def test_rows_that_come_after_the_archive_are_archived_too(bot, step):
    fill_logs(bot, rows=10)

    def interfere(line: str) -> None:
        if line == f"{OLD_LOGS} #1: {step}":
            add_logs(bot, rows=2)
            remember(OLD_LOGS)

    retention.archive_partitions(now=NOW, on_progress=interfere)

    assert rows_of_generations() == [(1, "superseded", 10), (2, "detached", 12)]
    archive(A_WEEK_LATER)
    assert restore(OLD_LOGS) == Attached(rows=12)
    assert differences(OLD_LOGS) == 0


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM {} WHERE recorded_at > '{}'",
        "UPDATE {} SET unrealized_profit = -unrealized_profit WHERE recorded_at > '{}'",
        "UPDATE {} SET id = gen_random_uuid() WHERE recorded_at > '{}'",
    ],
    ids=["deleted", "changed", "same sums"],
)
def test_rows_that_change_after_the_archive_are_archived_as_they_are(change):
    fill_ticks(rows=10)

    def interfere(line: str) -> None:
        if line == f"{OLD_TICKS} #1: verified":
            execute(change.format(OLD_TICKS, OLD_DAY))
            remember(OLD_TICKS)

    retention.archive_partitions(now=NOW, on_progress=interfere)

    archive(A_WEEK_LATER)
    restore(OLD_TICKS)
    assert differences(OLD_TICKS) == 0


def test_partition_that_is_detached_and_not_renamed_is_attached_by_who_lacks_it():
    trade = fill_ticks(rows=10)
    catalog.detach(TRADE_HISTORY, OLD_TICKS)

    create_partitions_for(TRADE_HISTORY, [OLD_DAY], now=OLD_DAY)

    assert OLD_TICKS in attached(TRADE_HISTORY)
    assert trade.history.count() == 10
    add_ticks(trade, rows=2, start=OLD_DAY)
    archive()
    assert rows_of_generations() == [(1, "detached", 12)]


def verified_and_detached(rows: int) -> None:
    """Leave what a run leaves that is killed between detaching and renaming."""

    class KilledError(Exception):
        pass

    def kill(line: str) -> None:
        if line == f"{OLD_TICKS} #1: verified":
            raise KilledError

    fill_ticks(rows=rows)
    with pytest.raises(KilledError):
        retention.archive_partitions(now=NOW, on_progress=kill)
    catalog.detach(TRADE_HISTORY, OLD_TICKS)


def test_run_goes_on_with_a_table_that_is_detached_and_not_renamed():
    verified_and_detached(rows=10)

    assert archive() == 1

    assert rows_of_generations() == [(1, "detached", 10)]
    assert leftovers() == [f"{OLD_TICKS}_archived_1"]


def test_table_that_is_detached_and_not_renamed_is_restored():
    verified_and_detached(rows=10)

    assert restore(OLD_TICKS) == Attached(rows=10)

    assert rows_of_generations() == [(1, "restored", 10)]
    assert OLD_TICKS in attached(TRADE_HISTORY)
    assert archive() == 0


def test_transaction_that_outlives_the_detaching_is_waited_for_by_the_next_run():
    fill_ticks(rows=10)
    remember(OLD_TICKS)
    execute("SET lock_timeout = '50ms'")
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    given = {name: parameters[name] for name in names if name in parameters}

    with psycopg.connect(**given) as reader:
        reader.execute("SELECT FROM trade_history LIMIT 1")
        with pytest.raises(ArchivesFailed, match="lock timeout"):
            archive()
        (pending,) = (
            each
            for each in catalog.partitions_of(TRADE_HISTORY)
            if each.name == OLD_TICKS
        )
    assert pending.is_detach_pending

    assert archive() == 1
    execute("RESET lock_timeout")
    assert rows_of_generations() == [(1, "detached", 10)]
    assert differences(f"{OLD_TICKS}_archived_1") == 0


def test_half_detached_partition_is_restored():
    fill_ticks(rows=10)
    execute("SET lock_timeout = '50ms'")
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    given = {name: parameters[name] for name in names if name in parameters}
    with psycopg.connect(**given) as reader:
        reader.execute("SELECT FROM trade_history LIMIT 1")
        with pytest.raises(ArchivesFailed):
            archive()

    came = restore(OLD_TICKS)
    execute("RESET lock_timeout")

    assert came == Attached(rows=10)
    assert attached(TRADE_HISTORY) >= {OLD_TICKS}


def test_two_runs_at_once_do_it_once(bot, rounds):
    for _ in range(rounds):
        fill_ticks(rows=3000)
        fill_logs(bot, rows=1000)

        done = all_at_once([tasks.archive_partitions] * 2)

        assert sorted(done) == [0, 2]
    assert ArchivedPartition.objects.count() == 2 * rounds


def test_second_run_is_refused_while_the_first_lasts():
    fill_ticks(rows=3)

    def second() -> str:
        try:
            archive()
        except ArchiveBusy as busy:
            return busy.code
        return "ran"

    with archive_lock():
        answers = all_at_once([second])

    assert answers == ["ARCHIVE_BUSY"]
    assert archive() == 1


def test_trade_that_is_deleted_while_its_ticks_come_back_takes_them_along(rounds):
    for _ in range(rounds):
        trade = fill_ticks(rows=500)
        archive()

        calls: list[Callable[[], object]] = [partial(restore, OLD_TICKS), trade.delete]
        all_at_once(calls)

        assert catalog.count_rows(OLD_TICKS) == 0
        ArchivedPartition.objects.all().delete()
