"""The cells of a statement's HTML, row by row, in memory that does not grow.

Labels are translated by some brokers; what is stable are the columns that a cell spans
and the header rows' color. So a row is known by its shape: the tuple of its colspans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from lxml import etree

from trading.statements.decoding import Utf8Stream

HEADER_COLOR = "#C0C0C0"


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    title: str
    colspan: int


@dataclass(frozen=True, slots=True)
class Row:
    cells: list[Cell]
    line: int
    is_header: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(cell.colspan for cell in self.cells)

    @property
    def texts(self) -> list[str]:
        return [cell.text for cell in self.cells]


@dataclass(frozen=True, slots=True)
class Heading:
    """The page's title, or a bold text above the table: the broker's name."""

    tag: str
    text: str


def read_table(stream: Utf8Stream) -> Iterator[Row | Heading]:
    """Yield the headings and table rows of a page in their order.

    Raises etree.XMLSyntaxError for bytes that hold no HTML at all.
    """
    events = etree.iterparse(
        stream,  # of which nothing but read() is asked
        events=("end",),
        tag=("title", "b", "tr"),
        html=True,
        encoding="utf-8",
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in events:
        if element.tag != "tr":
            yield Heading(str(element.tag), _text(element))
            continue
        yield _row(element)
        _forget(element)


def _row(element: etree._Element) -> Row:
    cells = [
        Cell(_text(cell), str(cell.get("title", "")), _span(cell))
        for cell in element.iterchildren("td", "th")
    ]
    color = str(element.get("bgcolor", ""))
    line = cast("int | None", element.sourceline) or 0
    return Row(cells, line, color.upper() == HEADER_COLOR)


def _text(element: etree._Element) -> str:
    # Most cells hold plain text: walking through them costs a quarter of all reading.
    has_children = len(element) > 0
    text = "".join(map(str, element.itertext())) if has_children else element.text
    return " ".join(str(text or "").split())


def _span(cell: etree._Element) -> int:
    span = str(cell.get("colspan", "1"))
    return int(span) if span.isascii() and span.isdigit() else 1


def _forget(element: etree._Element) -> None:
    """Free a row that was read, and the rows before it, which lxml keeps otherwise."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
