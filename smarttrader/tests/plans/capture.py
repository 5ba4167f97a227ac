"""What a call asks of the database, and how PostgreSQL goes about each statement."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from smarttrader.jobs.partitions import PARTITIONED_TABLES

PARTITION = re.compile(r"(trades|trade_history|bot_logs)_p[0-9]+")
LARGE = {
    *(table.name for table in PARTITIONED_TABLES),
    "performance_metrics",
    "notifications",
    "trade_tickets",
}
# Where nothing is ever taken away, or not for a year.
AUDITS = {
    *("auth_events", "django_admin_log", "license_events", "allotment_entries"),
    *("subscription_events", "bot_settings_changes"),
}
COMMENTS = re.compile(r"\A(\s*--.*\n)*\s*")
PLANNED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
# As in a table that is large: where a sequential scan is left, no index would serve.
WITHOUT_SCANS = "SELECT set_config('enable_seqscan', 'off', true)"
SORTS = ("Sort", "Incremental Sort")

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one statement was executed. Rows are counted over all loops of a node."""

    sql: str
    partitions: Counter[str]  # of each table, how many stand in the plan
    read: float  # rows that scans of large tables took up, also for nothing
    sorted: float  # rows that went into sorts
    whole: frozenset[str]  # large tables that were read sequentially
    aggregates_trades: bool  # all that a scan finds, without a LIMIT


@contextmanager
def plans_of_statements(large: Collection[str] = LARGE) -> Iterator[list[Plan]]:
    """Yield a list that fills with the plan of each statement of the block.

    Its figures are about these tables.

    Each is executed once for EXPLAIN ANALYZE, undone, and executed again. Needs a
    transaction.
    """
    plans: list[Plan] = []

    def explain_and_run(
        execute: Callable[..., Any], text: str, values: Any, many: bool, context: Any
    ) -> Any:
        if COMMENTS.sub("", text).startswith(PLANNED):
            plans.append(_plan(text, values, large))
        return execute(text, values, many, context)

    with connection.execute_wrapper(explain_and_run):
        yield plans


def _plan(text: str, values: Any, large: Collection[str]) -> Plan:
    # The driver's own cursor: Django's would explain what explains.
    with connection.connection.cursor() as cursor:
        cursor.execute("SAVEPOINT explained")
        cursor.execute(WITHOUT_SCANS)
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}", values)
        ((explained,),) = cursor.fetchall()
        cursor.execute("ROLLBACK TO SAVEPOINT explained")
        cursor.execute("RELEASE SAVEPOINT explained")
    nodes = list(_nodes(explained[0]["Plan"]))
    scans = [node for node in nodes if _scanned(node) in large]
    return Plan(
        sql=text,
        partitions=Counter(
            {node["Relation Name"]: _scanned(node) for node in scans}.values()
        ),
        read=sum(_rows_read(node) for node in scans),
        sorted=sum(
            _rows(below)
            for node in nodes
            if node["Node Type"] in SORTS
            for below in node["Plans"]
        ),
        whole=frozenset(
            _scanned(node) for node in scans if node["Node Type"] == "Seq Scan"
        ),
        aggregates_trades=any(
            node["Node Type"] == "Aggregate" and _reaches_trades(node) for node in nodes
        ),
    )


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", []):
        yield from _nodes(below)


def _scanned(node: Node) -> str:
    """Return the table that a node scans, of a partition its parent's; or nothing."""
    if not node["Node Type"].endswith("Scan"):
        return ""
    name: str = node.get("Relation Name", "")
    partition = PARTITION.fullmatch(name)
    return partition[1] if partition else name


def _rows(node: Node) -> float:
    return float(node["Actual Rows"] * node["Actual Loops"])


def _rows_read(node: Node) -> float:
    removed = sum(
        float(node.get(f"Rows Removed by {reason}", 0))
        for reason in ("Filter", "Index Recheck")
    )
    return _rows(node) + removed * float(node["Actual Loops"])


def _reaches_trades(node: Node) -> bool:
    """Tell whether trades come up to a node without a LIMIT in between."""
    return any(
        _scanned(below) == "trades"
        or (below["Node Type"] != "Limit" and _reaches_trades(below))
        for below in node.get("Plans", [])
    )
