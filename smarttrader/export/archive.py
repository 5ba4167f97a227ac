"""A ZIP file of tables, each as JSON and as CSV."""

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import transaction

from accounts.models import AuthEventType, User
from accounts.services import events
from smarttrader.export.tables import Table, tables_of
from smarttrader.lib.actors import Actor
from smarttrader.lib.api.renderers import ExactEncoder
from smarttrader.lib.rate_limits import Limit, Usage, count_call
from smarttrader.lib.spreadsheets import Cell, lines

NAME = "smart-stock-trader-export.zip"
# Each export reads all that a user has.
LIMIT = Limit("export", calls=5, seconds=3600)


def count_export(user: User) -> Usage:
    """Count an export of a user, by whichever door."""
    return count_call(LIMIT, str(user.pk))


def export(*, user: User, actor: Actor, now: datetime) -> IO[bytes]:
    """Return a file, open at its beginning, with all that is the user's.

    It lies on disk and goes when it is closed; memory stays flat however many trades
    there are. Records that the data was taken.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- the reply closes it
    try:
        # One transaction, so that cursors live in it and copy nothing.
        with transaction.atomic(), ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for table in tables_of(user):
                _write(archive, table)
            events.record_event(
                type=AuthEventType.EXPORTED, actor=actor, user=user, now=now
            )
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write(archive: ZipFile, table: Table) -> None:
    """Write a table's two files, reading it once."""
    with tempfile.TemporaryFile() as as_json:
        with archive.open(f"{table.name}.csv", "w", force_zip64=True) as as_csv:
            rows = _written_as_json(table, as_json)
            for line in lines(table.columns, rows):
                as_csv.write(line.encode())
        as_json.seek(0)
        with archive.open(f"{table.name}.json", "w", force_zip64=True) as entry:
            shutil.copyfileobj(as_json, entry)


def _written_as_json(table: Table, file: IO[bytes]) -> Iterator[list[Cell]]:
    """Yield each row's cells once the row is written to the file, as an object."""
    columns = table.columns
    separator = "[\n"
    for values in table.values():
        row = dict(zip(columns, values, strict=True))
        file.write(f"{separator}{json.dumps(row, cls=ExactEncoder)}".encode())
        separator = ",\n"
        yield [_cell(value) for value in values]
    file.write(b"[]\n" if separator == "[\n" else b"\n]\n")


def _cell(value: Any) -> Cell:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bool | dict | list):
        return json.dumps(value, cls=ExactEncoder)
    cell: Cell = value
    return cell
