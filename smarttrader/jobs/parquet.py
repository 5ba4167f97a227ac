"""Rows of a table as Parquet and back: COPY's CSV on one side, Arrow on the other.

ADBC would do it in one step, but makes texts of numerics. All runs in flat memory.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from django.db import connection
from psycopg import sql

from smarttrader.jobs.columns import Column, names_of, schema_of
from smarttrader.jobs.storage import HashingSink

BLOCK_BYTES = 4 * 1024 * 1024


def write_rows(
    relation: str,
    columns: Sequence[Column],
    key: str,
    sink: HashingSink,
    on_rows: Callable[[int], None],
) -> str:
    """Write a table's rows, ordered by key and id; return the hash of their content."""
    digest = hashlib.sha256()
    written = 0
    with pq.ParquetWriter(
        sink, schema_of(columns), compression="zstd", write_page_checksum=True
    ) as writer:
        for block in _blocks(_copied_lines(relation, columns, key)):
            digest.update(block)
            rows = _parsed(block, columns)
            writer.write_table(rows)
            written += rows.num_rows
            on_rows(written)
    return digest.hexdigest()


def content_sha256(relation: str, columns: Sequence[Column], key: str) -> str:
    """Return the hash of a table's content: its rows as COPY writes them, in order."""
    digest = hashlib.sha256()
    for line in _copied_lines(relation, columns, key):
        digest.update(line)
    return digest.hexdigest()


def read_batches(stream: BinaryIO) -> Iterator[Any]:
    """Return a file's rows as Arrow's record batches, in order."""
    file = pq.ParquetFile(stream, page_checksum_verification=True)
    # Not iter_batches, which lets go of nothing it has read: a million ticks, 12 MB.
    for group in range(file.num_row_groups):
        yield from file.read_row_group(group, use_threads=False).to_batches()


def copy_rows_in(
    relation: str,
    columns: Sequence[Column],
    batches: Iterable[Any],
    on_rows: Callable[[int], None],
) -> None:
    """Insert what `read_batches` returns into a table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(relation), names_of(columns)
    )
    names = [column.name for column in columns]
    written = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            copy.write(_as_csv(batch.select(names)))
            written += batch.num_rows
            on_rows(written)


def _copied_lines(
    relation: str, columns: Sequence[Column], key: str
) -> Iterator[bytes]:
    query = sql.SQL(
        "COPY (SELECT {} FROM {} ORDER BY {}, id) TO STDOUT (FORMAT csv)"
    ).format(names_of(columns), sql.Identifier(relation), sql.Identifier(key))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield bytes(line)


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join rows, of which COPY hands over whole ones, to what Arrow parses at once."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _parsed(block: bytes, columns: Sequence[Column]) -> Any:
    return arrow_csv.read_csv(
        pa.BufferReader(block),
        read_options=arrow_csv.ReadOptions(
            column_names=[column.name for column in columns],
            use_threads=False,
            block_size=len(block) + 1,
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types={column.name: column.kind.arrow for column in columns},
            # COPY writes NULL as nothing at all, an empty text as "".
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _as_csv(batch: Any) -> bytes:
    text = io.BytesIO()
    # Quotes each text, so an empty one stays apart from NULL.
    arrow_csv.write_csv(batch, text, arrow_csv.WriteOptions(include_header=False))
    return text.getvalue()
