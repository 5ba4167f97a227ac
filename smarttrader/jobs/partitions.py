"""Range partitions: which tables have them, and making them ahead and on demand.

Tables are known by name only; what is inside them is their apps' business.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from django.db import IntegrityError, connection, transaction
from psycopg import sql

from smarttrader.lib.errors import DomainError

CHECK_VIOLATION = "23514"
CREATE_PARTITION = """
CREATE TABLE IF NOT EXISTS {partition} (
    LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE,
    CONSTRAINT {bounds} CHECK ({key} >= {start} AND {key} < {end})
)"""
ATTACH_PARTITION = """
ALTER TABLE {parent} ATTACH PARTITION {partition} FOR VALUES FROM ({start}) TO ({end})
"""
# Changes nothing, and makes every session look the partitions up anew.
ANNOUNCE = "ALTER TABLE ONLY {parent} ALTER COLUMN {key} SET STATISTICS -1"
Result = TypeVar("Result")


class OutsidePartitions(DomainError):
    code = "TIME_OUT_OF_RANGE"
    title = "No partition is kept for this time"
    kind = "invalid"


@dataclass(frozen=True)
class PartitionedTable:
    name: str
    key: str
    unit: Literal["day", "month"]
    ahead: int  # periods that are made before they begin
    retention_days: int | None  # None: kept for ever

    def period_start(self, moment: datetime) -> datetime:
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self.unit == "day" else day.replace(day=1)

    def next_period(self, start: datetime) -> datetime:
        # 32 days after the 1st lie in the next month, whatever this month's length.
        return self.period_start(
            start + timedelta(days=1 if self.unit == "day" else 32)
        )

    def partition_name(self, start: datetime) -> str:
        return f"{self.name}_p{start:{'%Y%m%d' if self.unit == 'day' else '%Y%m'}}"

    def earliest(self, now: datetime) -> datetime:
        """Return the oldest moment that a partition is made for on demand."""
        if self.retention_days is None:
            return datetime(2000, 1, 1, tzinfo=UTC)
        return self.period_start(now - timedelta(days=self.retention_days))


TRADES = PartitionedTable("trades", "opened_at", "month", 3, None)
TRADE_HISTORY = PartitionedTable("trade_history", "recorded_at", "day", 14, 365)
BOT_LOGS = PartitionedTable("bot_logs", "created_at", "month", 3, 90)
PARTITIONED_TABLES = (TRADES, TRADE_HISTORY, BOT_LOGS)


def tables_exist() -> bool:
    """Tell whether the migrations that make the partitioned tables have run."""
    present = set(connection.introspection.table_names())
    return present.issuperset(table.name for table in PARTITIONED_TABLES)


def ensure_partitions_ahead(*, now: datetime) -> int:
    """Make each table's partitions of now and of the periods ahead; count the new."""
    return sum(
        _create_missing(table, periods_ahead(table, now))
        for table in PARTITIONED_TABLES
    )


def write_to_partitions(
    moments: Mapping[PartitionedTable, Iterable[datetime]],
    write: Callable[[], Result],
    *,
    now: datetime,
) -> Result:
    """Run `write` in a transaction; if a partition is missing, make it and run again.

    `moments` are the partition keys that `write` inserts into each table. What it wrote
    before it met the gap is rolled back with the rest. Raises OutsidePartitions for a
    time before a table's retention (trades: before the year 2000), and nothing is kept.
    """
    try:
        with transaction.atomic():
            return write()
    except IntegrityError as error:
        if not _is_missing_partition(error):
            raise
    for table, keys in moments.items():
        if not create_partitions_for(table, keys, now=now):
            announce_partitions(table)
    with transaction.atomic():
        return write()


def create_partitions_for(
    table: PartitionedTable, moments: Iterable[datetime], *, now: datetime
) -> int:
    """Make the partitions that these moments fall into; count the new ones.

    Attaching a partition locks out writers of the tables that it refers to, so this
    belongs into a short transaction of its own. Announces what it made, too. Raises
    OutsidePartitions.
    """
    earliest = table.earliest(now)
    starts = {table.period_start(moment) for moment in moments}
    if starts and min(starts) < earliest:
        raise OutsidePartitions(
            f"{table.name} keeps nothing before {earliest:%Y-%m-%d}"
        )
    created = _create_missing(table, sorted(starts))
    if created:
        announce_partitions(table)
    return created


def announce_partitions(table: PartitionedTable) -> None:
    """Make each session, this one first of all, look the table's partitions up anew.

    A session that reads them at the moment in which one is attached keeps what it read
    before, and takes the news for old: till it is told again, it finds no partition to
    write to, and reads past its rows. Waits for whoever attaches one.
    """
    parts = {"parent": sql.Identifier(table.name), "key": sql.Identifier(table.key)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(ANNOUNCE).format(**parts).as_string())


def lock_partitions(table: PartitionedTable) -> None:
    """Let one transaction at a time attach partitions to a table, until it ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('partitions'), hashtext(%s))",
            [table.name],
        )


def periods_ahead(table: PartitionedTable, now: datetime) -> Iterator[datetime]:
    """Return the starts of the present period and of those made before they begin."""
    start = table.period_start(now)
    for _ in range(table.ahead + 1):
        yield start
        start = table.next_period(start)


def _create_missing(table: PartitionedTable, starts: Iterable[datetime]) -> int:
    missing = _without_partition(table, starts)
    for start in missing:
        _create(table, start)
    return len(missing)


def _without_partition(
    table: PartitionedTable, starts: Iterable[datetime]
) -> list[datetime]:
    by_name = {table.partition_name(start): start for start in starts}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass AND c.relname = ANY(%s)",
            [table.name, list(by_name)],
        )
        present = {name for (name,) in cursor.fetchall()}
    return [start for name, start in by_name.items() if name not in present]


def _create(table: PartitionedTable, start: datetime) -> None:
    """Create and attach one partition, unless another session was faster.

    LIKE, CHECK and ATTACH take SHARE UPDATE EXCLUSIVE on the parent where PARTITION OF
    takes ACCESS EXCLUSIVE; the CHECK saves ATTACH its scan and is dropped afterwards.
    A table that is there already is the partition itself, which retention has detached
    and not yet renamed: it is attached again.
    """
    name, end = table.partition_name(start), table.next_period(start)
    parts = {
        "parent": sql.Identifier(table.name),
        "partition": sql.Identifier(name),
        "bounds": sql.Identifier(f"{name}_bounds"),
        "key": sql.Identifier(table.key),
        "start": sql.Literal(start.isoformat()),
        "end": sql.Literal(end.isoformat()),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        lock_partitions(table)
        if not _without_partition(table, [start]):
            return
        for statement in (
            CREATE_PARTITION,
            ATTACH_PARTITION,
            "ALTER TABLE {partition} DROP CONSTRAINT IF EXISTS {bounds}",
        ):
            cursor.execute(sql.SQL(statement).format(**parts).as_string())


def _is_missing_partition(error: IntegrityError) -> bool:
    # A CHECK that fails has the same SQLSTATE, but names its constraint.
    diagnosis = getattr(error.__cause__, "diag", None)
    return (
        diagnosis is not None
        and diagnosis.sqlstate == CHECK_VIOLATION
        and diagnosis.constraint_name is None
    )
