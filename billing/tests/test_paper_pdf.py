"""An invoice can be read in the script that its buyer writes."""

import uuid
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest
from django.utils import translation

from accounts.models import Language
from billing.models import CreditNote, Invoice
from billing.paper_pdf import (
    ASIAN,
    LATIN,
    credit_note_pdf,
    invoice_pdf,
    registered_font,
)

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
        "language": Language.ENGLISH,
        "issued_at": datetime(2027, 1, 31, tzinfo=UTC),
        **more,
    }
    return Invoice(**told)


def a_credit_note(**more):
    invoice = an_invoice()
    told: Any = {
        "invoice": invoice,
        "year": 2027,
        "sequence": 3,
        "payment_id": invoice.payment_id,
        "subscription_id": invoice.subscription_id,
        "user_id": invoice.user_id,
        "buyer_name": LATIN_NAME,
        "lines": [{"text": "Refund: a lost week", "amount": "14.75"}],
        "total": "14.75",
        "currency": "USD",
        "language": Language.ENGLISH,
        "issued_at": datetime(2027, 2, 3, tzinfo=UTC),
        **more,
    }
    return CreditNote(**told)


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

    for told in ("2027-000012", "31Jan2027", "ProMonthly", "1,059.00USD"):
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


@pytest.mark.parametrize("name", [LATIN_NAME, CYRILLIC, JAPANESE])
def test_a_credit_note_names_its_invoice_and_its_buyer(name):
    text = text_of(credit_note_pdf(a_credit_note(buyer_name=name)))

    for told in (
        "CreditnoteC2027-000003",
        "toinvoice2027-000012of31Jan2027",
        "3Feb2027",
        "Refund:alostweek",
        "14.75USD",
        name.replace(" ", ""),
    ):
        assert told in text


def test_a_german_invoice_is_german_in_words_dates_and_figures():
    text = text_of(invoice_pdf(an_invoice(language=Language.GERMAN)))

    for told in ("Rechnung2027-000012", "31.01.2027", "1.059,00USD", "Summe,bezahlt"):
        assert told in text


def test_a_german_credit_note_is_german_and_so_is_what_it_says_of_its_invoice():
    text = text_of(credit_note_pdf(a_credit_note(language=Language.GERMAN)))

    for told in (
        "GutschriftC2027-000003",
        "zurRechnung2027-000012vom31.01.2027",
        "03.02.2027",
        "14,75USD",
    ):
        assert told in text


def test_a_paper_has_its_own_language_whoever_looks_at_it():
    invoice = an_invoice()

    with translation.override("de"):
        german_looks = invoice_pdf(invoice)

    assert german_looks == invoice_pdf(invoice)


def test_yen_have_no_decimals():
    text = text_of(invoice_pdf(an_invoice(total="9800.00", currency="JPY")))

    assert "9,800JPY" in text


@pytest.mark.parametrize("text", ["sorry " * 80, "W" * 400, JAPANESE * 30])
def test_a_long_line_goes_on_below_and_stays_on_the_paper(text):
    document = credit_note_pdf(
        a_credit_note(lines=[{"text": text, "amount": "1234567.89"}])
    )

    assert "".join(text.split()) in text_of(document)
    ends = []
    for page in pypdf.PdfReader(BytesIO(document)).pages:
        page.extract_text(
            visitor_text=lambda part, _cm, matrix, font, _size: ends.append(
                matrix[4] + _width_of(part.strip(), font)
            )
        )
    assert max(ends) <= 190 * 72 / 25.4 + 1


def _width_of(text, font):
    name = ASIAN if font and ASIAN in str(font.get("/BaseFont")) else LATIN
    return registered_font(name).stringWidth(text, 10)
