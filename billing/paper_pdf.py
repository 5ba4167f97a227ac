"""Invoices and credit notes as PDF, in any script that buyers write their names in."""

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from accounts.templatetags.ui import money
from billing.models import CreditNote, Invoice, Paper
from smarttrader.lib.localization import localized_date

LATIN, ASIAN = "NotoSans", "NotoSansSC"
LEFT, RIGHT, TOP, BOTTOM = 20 * mm, 190 * mm, 272 * mm, 30 * mm
LINE, GAP, SIZE, TITLE = 6 * mm, 5 * mm, 10, 18
FILLED, FILLED_AND_STROKED = 0, 2
# As drawn the Asian font is its thinnest; so wide a stroke makes it a regular one.
STROKE = SIZE / 40


def invoice_pdf(invoice: Invoice) -> bytes:
    """Return an invoice's pages. Its buyer may have been forgotten since."""
    with translation.override(invoice.language):
        title = _("Invoice %(number)s") % {"number": invoice.number}
        return _pdf(invoice, title, total=_("Total, paid"))


def credit_note_pdf(note: CreditNote) -> bytes:
    """Return a credit note's pages, which name its invoice."""
    with translation.override(note.language):
        title = _("Credit note %(number)s") % {"number": note.number}
        invoice = _("to invoice %(number)s of %(day)s") % {
            "number": note.invoice.number,
            "day": _day(note.invoice),
        }
        return _pdf(note, title, invoice, total=_("Total, credited to you"))


def _pdf(paper: Paper, title: str, below_title: str = "", *, total: str) -> bytes:
    """In the language it was issued in: it does not change with who looks at it."""
    target = BytesIO()
    # Invariant: the same paper is the same file, whenever it is asked for.
    canvas = Canvas(target, pagesize=A4, invariant=True, lang=paper.language)
    canvas.setTitle(title)
    height = _head(canvas, paper, title, below_title)
    for line in paper.lines:
        height = _row(canvas, height, line["text"], _money(line["amount"], paper))
    canvas.setLineWidth(1)
    canvas.line(LEFT, height + 3 * mm, RIGHT, height + 3 * mm)
    _row(canvas, height - 2 * mm, total, _money(paper.total, paper))
    canvas.save()
    return target.getvalue()


def _head(canvas: Canvas, paper: Paper, title: str, below_title: str) -> float:
    height: float = TOP
    for line in settings.INVOICE_SELLER.split("|"):
        _write(canvas, LEFT, height, line.strip())
        height -= LINE
    height -= LINE
    _write(canvas, LEFT, height, title, TITLE)
    buyer = (
        part
        for text in (paper.buyer_name, paper.buyer_email)
        for part in _wrapped(text, RIGHT - LEFT)
    )
    for line in (_day(paper), below_title, "", *buyer, ""):
        height -= LINE
        _write(canvas, LEFT, height, line)
    below: float = height - LINE
    return below


def _row(canvas: Canvas, height: float, text: str, amount: str) -> float:
    """Write a line with its amount; return the height of the next one."""
    width = _width(amount)
    for number, part in enumerate(_wrapped(text, RIGHT - LEFT - width - GAP)):
        if height < BOTTOM:
            canvas.showPage()
            height = TOP
        if number == 0:
            _write(canvas, RIGHT - width, height, amount)
        _write(canvas, LEFT, height, part)
        height -= LINE
    return height


def _wrapped(text: str, width: float) -> list[str]:
    """Return the lines of a text, broken at spaces where there are any."""
    lines, line = [], ""
    for sign in text:
        if _width(line + sign) > width:
            head, space, tail = line.rpartition(" ")
            lines.append(head if space else line)
            line = tail if space else ""
        line += sign
    return [*lines, line]


def _width(text: str) -> float:
    parts = (
        registered_font(font).stringWidth(part, SIZE) for font, part in _by_font(text)
    )
    return float(sum(parts))


def _day(paper: Paper) -> str:
    return localized_date(paper.issued_at.astimezone(UTC), "j M Y")


def _money(amount: Decimal | str, paper: Paper) -> str:
    return f"{money(amount, paper.currency)} {paper.currency}"


def _write(
    canvas: Canvas, left: float, height: float, text: str, size: int = SIZE
) -> None:
    for font, part in _by_font(text):
        canvas.setFont(font, size)
        canvas.setLineWidth(STROKE)
        is_thin = font == ASIAN
        mode = FILLED_AND_STROKED if is_thin else FILLED
        canvas.drawString(left, height, part, mode=mode)
        left += registered_font(font).stringWidth(part, size)


def _by_font(text: str) -> Iterator[tuple[str, str]]:
    """Yield parts of a text, each with a font that has all of its signs."""
    for font, signs in groupby(text, key=_font_of):
        yield font, "".join(signs)


def _font_of(sign: str) -> str:
    is_latin = ord(sign) in registered_font(LATIN).face.charToGlyph
    return LATIN if is_latin else registered_font(ASIAN).fontName


@cache
def registered_font(name: str) -> Any:
    """Return a font, read once in a process: the Asian one has 18 MB, few need it."""
    with as_file(files("textflowkit_fonts") / "fonts" / f"{name}.ttf") as path:
        font = TTFont(name, str(path))
    pdfmetrics.registerFont(font)
    return font
