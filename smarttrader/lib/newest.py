"""The newest rows of a large table, read off an index, whatever it is filtered by.

One ORDER BY with a LIMIT reads until it has found as many as it wants: of a filter that
few rows pass, all of them. Here an index begins with what is filtered by, and each of
its values is read by itself, a page at most.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

Row = TypeVar("Row", bound=Model)


def after(
    rows: "QuerySet[Row]", moment: str, last: datetime, key: Any
) -> "QuerySet[Row]":
    """Keep what comes after the row of a moment and a primary key, newest first."""
    return rows.filter(
        Q(**{f"{moment}__lt": last}) | Q(pk__lt=key), **{f"{moment}__lte": last}
    )


def newest(rows: "QuerySet[Row]", moment: str, limit: int) -> list[Row]:
    return list(rows.order_by(f"-{moment}", "-pk")[:limit])


def newest_of_any(
    parts: "Iterable[QuerySet[Row]]", moment: str, limit: int
) -> list[Row]:
    """Return the newest rows that are in any of these parts, each read by itself."""
    found = {row.pk: row for part in parts for row in newest(part, moment, limit)}
    in_order = sorted(
        found.values(), key=lambda row: (getattr(row, moment), row.pk), reverse=True
    )
    return in_order[:limit]


def newest_of_each(
    rows: "QuerySet[Row]",
    values: Mapping[str, Collection[Any]],
    moment: str,
    limit: int,
) -> list[Row]:
    """Return the newest rows that have one of the values of each of these columns.

    LATERAL reads a page at most of each combination, off an index of the columns, the
    moment and the primary key.
    """
    model = rows.model
    sources, parameters = [], []
    for place, (column, among) in enumerate(values.items()):
        kind = model._meta.get_field(column).db_type(connection)
        sources.append(f"unnest(%s::{kind}[]) AS each{place} (value)")
        parameters.append(list(among))
        rows = rows.filter(**{column: RawSQL(f"each{place}.value", [])})  # noqa: S611 -- no value
    in_turn = rows.order_by(f"-{moment}", "-pk")[:limit]
    try:
        text, inner = in_turn.query.sql_with_params()
    except EmptyResultSet:
        return []
    key = model._meta.pk.column
    found = rows.raw(
        f"SELECT found.* FROM {', '.join(sources)}, LATERAL ({text}) found"  # noqa: S608 -- our own SQL, no values
        f" ORDER BY found.{moment} DESC, found.{key} DESC LIMIT %s",
        [*parameters, *inner, limit],
    )
    return list(found)
