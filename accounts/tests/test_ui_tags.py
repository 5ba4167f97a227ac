from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from accounts.templatetags.ui import (
    MINUS,
    ago,
    device,
    initials,
    money,
    percent,
    price,
    short_money,
    signed_money,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1234567.891"), "USD", "1,234,567.89"),
        (Decimal("-1234.5"), "EUR", f"{MINUS}1,234.50"),
        (Decimal("0.005"), "USD", "0.01"),
        (Decimal("-0.004"), "USD", "0.00"),
        (Decimal("1234.5"), "JPY", "1,235"),
        (Decimal("1.2345"), "KWD", "1.235"),
        (Decimal("1E+3"), "", "1,000.00"),
        (12, "", "12.00"),
        ("12.3", "USD", "12.30"),
        (None, "USD", "—"),
        ("", "USD", "—"),
    ],
)
def test_money_is_written_in_its_currency(amount, currency, text):
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("35.71"), "USD", "+35.71"),
        (Decimal("-6.92"), "USD", f"{MINUS}6.92"),
        (Decimal(0), "USD", "0.00"),
        (Decimal("0.004"), "USD", "0.00"),
        (Decimal("0.4"), "JPY", "0"),
        (None, "USD", "—"),
    ],
)
def test_signed_money_says_gain_or_loss(amount, currency, text):
    assert signed_money(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.0"),
        ("-0.04", "0.0"),
        ("0.25", "+0.3"),
        ("-9.94", f"{MINUS}9.9"),
        ("9.95", "+10"),
        ("999.4", "+999"),
        ("-999.5", f"{MINUS}1.0k"),
        ("1234.56", "+1.2k"),
        ("123456", "+123k"),
        ("-1234567", f"{MINUS}1.2M"),
        ("99999999999.99", "+100G"),
    ],
)
def test_short_money_has_five_signs_at_most(amount, text):
    assert short_money(Decimal(amount)) == text
    assert len(text) <= 5


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Decimal("55.45"), 1, "55.5%"),
        (Decimal("-2.4"), 1, f"{MINUS}2.4%"),
        (Decimal("2.444"), 2, "2.44%"),
        (Decimal(100), 0, "100%"),
        (None, 1, "—"),
    ],
)
def test_percent_is_rounded_half_up(value, decimals, text):
    assert percent(value, decimals) == text


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
    ],
)
def test_ago_names_the_largest_unit(elapsed, text):
    assert ago(NOW - elapsed, NOW) == text


def test_ago_of_what_never_happened_is_never():
    assert ago(None) == "never"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Jonas Keller", "JK"),
        ("Ana Maria de la Cruz", "AC"),
        ("alice@example.com", "A"),
        ("jonas.keller@example.com", "JK"),
        ("", "?"),
    ],
)
def test_initials_are_at_most_two_letters(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("user_agent", "text"),
    [
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
                "(KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) "
                "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_device_names_browser_and_system(user_agent, text):
    assert device(user_agent) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (lambda: money(Decimal("-1234567.891"), "USD"), f"{MINUS}1.234.567,89"),
        (lambda: signed_money(Decimal("35.71"), "USD"), "+35,71"),
        (lambda: percent(Decimal("55.45")), "55,5\N{NO-BREAK SPACE}%"),
        (lambda: price(Decimal("1.1")), "1,10000"),
    ],
)
def test_figures_are_written_as_a_german_reads_them(written, text):
    with translation.override("de"):
        assert written() == text


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("j M Y", "24.12.2026"),
        ("j M Y H:i", "24.12.2026 06:05"),
        ("D j M Y", "Do 24.12.2026"),
        ("F Y", "Dezember 2026"),
        ("Y-m-d", "2026-12-24"),
    ],
)
def test_dates_are_written_as_a_german_reads_them(english, text):
    template = Template("{{ moment|date:format }}")
    moment = datetime(2026, 12, 24, 6, 5, tzinfo=UTC)

    with translation.override("de"):
        assert template.render(Context({"moment": moment, "format": english})) == text
