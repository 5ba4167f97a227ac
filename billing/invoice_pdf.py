"""An invoice as a PDF, in any of the scripts that our buyers write their names in."""

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from itertools import groupby
from typing import Any

from django.conf import settings
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from billing.models import Invoice

LATIN, ASIAN = "NotoSans", "NotoSansSC"
LEFT, RIGHT, TOP, BOTTOM = 20 * mm, 190 * mm, 272 * mm, 30 * mm
LINE, SIZE, TITLE = 6 * mm, 10, 18
FILLED, FILLED_AND_STROKED = 0, 2
# As drawn the Asian font is its thinnest; so wide a stroke makes it a regular one.
STROKE = SIZE / 40


def invoice_pdf(invoice: Invoice) -> bytes:
    """Return an invoice's pages. Its buyer may have been forgotten since."""
    target = BytesIO()
    # Invariant: the same invoice is the same file, whenever it is asked for.
    canvas = Canvas(target, pagesize=A4, invariant=True)
    canvas.setTitle(f"Invoice {invoice.number}")
    height = _head(canvas, invoice)
    for line in invoice.lines:
        if height < BOTTOM:
            canvas.showPage()
            height = TOP
        _row(canvas, height, line["text"], _money(line["amount"], invoice))
        height -= LINE
    canvas.setLineWidth(1)
    canvas.line(LEFT, height + 3 * mm, RIGHT, height + 3 * mm)
    _row(canvas, height - 2 * mm, "Total, paid", _money(invoice.total, invoice))
    canvas.save()
    return target.getvalue()


def _head(canvas: Canvas, invoice: Invoice) -> float:
    height: float = TOP
    for line in settings.INVOICE_SELLER.split("|"):
        _write(canvas, LEFT, height, line.strip())
        height -= LINE
    height -= LINE
    _write(canvas, LEFT, height, f"Invoice {invoice.number}", TITLE)
    issued = invoice.issued_at.astimezone(UTC)
    for line in (
        f"{issued:%Y-%m-%d}",
        "",
        invoice.buyer_name,
        invoice.buyer_email,
        "",
    ):
        height -= LINE
        _write(canvas, LEFT, height, line)
    below: float = height - LINE
    return below


def _row(canvas: Canvas, height: float, text: str, amount: str) -> None:
    _write(canvas, LEFT, height, text)
    width = registered_font(LATIN).stringWidth(amount, SIZE)
    _write(canvas, RIGHT - width, height, amount)


def _money(amount: Decimal | str, invoice: Invoice) -> str:
    return f"{Decimal(amount):,} {invoice.currency}"


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
