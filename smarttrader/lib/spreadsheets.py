"""Files that a spreadsheet opens: streamed, and without formulas from outside."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

Cell = str | int | Decimal | datetime | None

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection); the
# last four are the wide forms that East Asia types.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")


class _Echo:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def lines(header: list[str], rows: Iterable[list[Cell]]) -> Iterator[str]:
    """Yield a header and rows as lines of CSV (RFC 4180), text without formulas.

    Numbers stay numbers, moments are ISO 8601 in UTC, None is an empty cell.
    """
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([_written(cell) for cell in row])


def download(name: str, rows: Iterable[str]) -> StreamingHttpResponse:
    """Return lines of CSV as a file that is written while it is sent."""
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _written(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, str) and cell.startswith(FORMULA):
        return f"'{cell}"
    return cell
