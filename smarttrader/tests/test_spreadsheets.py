"""What a spreadsheet opens holds no formula from outside, and numbers stay numbers."""

import csv
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from smarttrader.lib import spreadsheets


def told(cell):
    [_, row] = csv.reader(spreadsheets.lines(["a"], [[cell]]))
    return row[0]


@pytest.mark.parametrize("begin", [*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20"])
def test_a_text_that_begins_like_a_formula_is_a_text(begin):
    assert told(f"{begin}1+1").startswith("'")


@pytest.mark.parametrize("text", ["EURUSD", "a=b", "", 'a "quoted", b', "a\nb"])
def test_another_text_stays_as_it_is(text):
    assert told(text) == text


def test_numbers_and_moments_have_one_spelling():
    moment = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))

    cells = [Decimal("-5.00"), -7, None, moment]

    assert [told(cell) for cell in cells] == ["-5.00", "-7", "", "2026-03-02T10:00:00Z"]
