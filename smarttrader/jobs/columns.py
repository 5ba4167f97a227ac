"""A table's columns in three languages: PostgreSQL's, Arrow's, and sums that compare.

The sum of a column is taken by the database over the rows and by Arrow over the file.
Numbers add up; times do as microseconds since 1970, texts as bytes of UTF-8.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from smarttrader.lib.errors import DomainError

WHOLE = pa.decimal128(38, 0)
NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
# What a manifest says of a column: name, type, values that are not NULL, their sum.
Told = dict[str, Any]


class ColumnNotArchivable(DomainError):
    code = "COLUMN_NOT_ARCHIVABLE"
    title = "No archive can hold a column of this type"
    kind = "refused"


@dataclass(frozen=True)
class Kind:
    """How a column's type is kept and summed."""

    arrow: pa.DataType
    sql_sum: str
    arrow_sum: Callable[[Any], Any]


def _sum(values: Any) -> Any:
    return pc.sum(values)


def _sum_of_integers(values: Any) -> Any:
    # Arrow adds int64 without a look at overflow: microseconds pass it at 5,000 rows.
    return pc.sum(values.cast(pa.int64()).cast(WHOLE))


def _sum_of_bytes(values: Any) -> Any:
    return pc.sum(pc.binary_length(values))


def _text() -> Kind:
    return Kind(pa.utf8(), "sum(octet_length({}::text))", _sum_of_bytes)


KINDS: Mapping[str, Kind] = {
    "uuid": _text(),
    "text": _text(),
    "jsonb": _text(),
    "boolean": Kind(pa.bool_(), "sum({}::int)", _sum_of_integers),
    "integer": Kind(pa.int32(), "sum({}::numeric)", _sum_of_integers),
    "bigint": Kind(pa.int64(), "sum({}::numeric)", _sum_of_integers),
    "timestamp with time zone": Kind(
        pa.timestamp("us", "UTC"),
        "sum(extract(epoch FROM {}) * 1000000)::numeric(38, 0)",
        _sum_of_integers,
    ),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str  # as format_type() spells it

    @property
    def kind(self) -> Kind:
        if self.type.startswith("character varying"):
            return KINDS["text"]
        if found := NUMERIC.fullmatch(self.type):
            arrow = pa.decimal128(int(found[1]), int(found[2]))
            return Kind(arrow, "sum({})", _sum)
        if self.type not in KINDS:
            raise ColumnNotArchivable(f"{self.name} is of type {self.type}")
        return KINDS[self.type]


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([(column.name, column.kind.arrow) for column in columns])


def names_of(columns: Sequence[Column]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def sums_query(columns: Sequence[Column]) -> sql.Composed:
    """Return the select list of count and sum of each column, in turn."""
    return sql.SQL(", ").join(
        sql.SQL(f"count({{}}), {column.kind.sql_sum}").format(
            *[sql.Identifier(column.name)] * 2
        )
        for column in columns
    )


def sums_from_row(columns: Sequence[Column], row: Sequence[Any]) -> list[Told]:
    """Return what `sums_query` selected, as a manifest tells it."""
    return [
        _told(column, values, None if total is None else Decimal(total))
        for column, values, total in zip(columns, row[::2], row[1::2], strict=True)
    ]


def columns_told(told: Sequence[Told]) -> list[Column]:
    """Return the columns that a manifest tells of."""
    return [Column(each["name"], each["type"]) for each in told]


class SumsOfBatches:
    """Adds up the columns of record batches as they pass."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._values = [0] * len(columns)
        self._totals = [Decimal(0)] * len(columns)

    def add(self, batch: Any) -> None:
        for at, column in enumerate(self._columns):
            values = batch.column(column.name)
            total = column.kind.arrow_sum(values).as_py()
            self._values[at] += len(values) - values.null_count
            self._totals[at] += Decimal(total or 0)

    def told(self) -> list[Told]:
        return [
            _told(column, values, total)
            for column, values, total in zip(
                self._columns, self._values, self._totals, strict=True
            )
        ]


def _told(column: Column, values: int, total: Decimal | None) -> Told:
    return {
        "name": column.name,
        "type": column.type,
        "values": values,
        # All the same whether nothing was added up, or what comes to 0.00.
        "sum": f"{total:f}" if total else "0",
    }
