"""An invoice can be read in the script that its buyer writes."""

import uuid
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest

from billing.invoice_pdf import ASIAN, LATIN, invoice_pdf, registered_font
from billing.models import Invoice

LATIN_NAME, CYRILLIC, JAPANESE = (
    "Zoë Łukasz",
    "Алиса Ёлкина",
    "山田太郎ヤマダたろう込峠",
)


def an_invoice(**more):
    told: Any = {
        "year": 2027,
        "sequence": 12,
        "payment_id": uuid.uuid4(),
        "subscription_id": uuid.uuid4(),
        "user_id": uuid.uuid4(),
        "buyer_name": LATIN_NAME,
        "buyer_email": "buyer@example.com",
        "lines": [{"text": "Pro Monthly", "amount": "1059.00"}],
        "total": "1059.00",
        "currency": "USD",
        "issued_at": datetime(2027, 1, 31, tzinfo=UTC),
        **more,
    }
    return Invoice(**told)


def text_of(document):
    """Return the text as a reader would copy it, without what divides it."""
    pages = pypdf.PdfReader(BytesIO(document)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


@pytest.mark.parametrize("name", [LATIN_NAME, CYRILLIC, JAPANESE])
def test_a_buyers_name_can_be_read(name):
    document = invoice_pdf(an_invoice(buyer_name=name))

    assert name.replace(" ", "") in text_of(document)


@pytest.mark.parametrize(
    ("name", "font"), [(LATIN_NAME, LATIN), (CYRILLIC, LATIN), (JAPANESE, ASIAN)]
)
def test_a_font_has_a_drawn_glyph_for_each_sign(name, font):
    glyphs = registered_font(font).face.charToGlyph

    missing = [sign for sign in name if not glyphs.get(ord(sign))]

    assert missing == []


def test_an_invoice_tells_number_day_lines_and_total():
    text = text_of(invoice_pdf(an_invoice()))

    for told in ("2027-000012", "2027-01-31", "ProMonthly", "1,059.00USD"):
        assert told in text


def test_the_same_invoice_is_the_same_file():
    invoice = an_invoice()

    assert invoice_pdf(invoice) == invoice_pdf(invoice)


def test_many_lines_go_on_over_pages():
    lines = [{"text": f"Line {number}", "amount": "1.00"} for number in range(90)]

    document = invoice_pdf(an_invoice(lines=lines))

    assert len(pypdf.PdfReader(BytesIO(document)).pages) == 3
    assert "Line89" in text_of(document)


def test_a_forgotten_buyer_leaves_a_document():
    text = text_of(invoice_pdf(an_invoice(buyer_name="", buyer_email="")))

    assert "2027-000012" in text
