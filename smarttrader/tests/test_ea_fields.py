from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import FieldInvalid
from smarttrader.lib.money import CENT, POINT

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMIT = Decimal("1e8")
INVALID, RANGE, TIME = "VALIDATION_ERROR", "OUT_OF_RANGE", "TIME_OUT_OF_RANGE"


def fields(value, **options):
    return Fields({"x": value}, **options)


def code_of(read, *arguments, **options):
    with pytest.raises(FieldInvalid) as caught:
        read("x", *arguments, **options)
    assert caught.value.field == "x"
    return caught.value.code


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (7, "7.00"),
        ("7", "7.00"),
        (Decimal("7.125"), "7.13"),
        ("-7.125", "-7.13"),
        ("+7.", "7.00"),
        (".5", "0.50"),
        ("1e3", "1000.00"),
        ("12E-1", "1.20"),
        (" 1 234 567.891 ", "1234567.89"),
        ("1\xa0234.5", "1234.50"),
        ("1\u202f234", "1234.00"),
        ("0." + "4" * 100, "0.44"),
        ("0.005" + "0" * 100, "0.01"),
        ("1e-999999999", "0.00"),
        ("1e-99999999999999999999", "0.00"),
        (Decimal("-0.001"), "0.00"),
        ("99999999.99", "99999999.99"),
    ],
)
def test_a_number_is_rounded_half_up_to_its_columns_scale(told, number):
    assert str(fields(told).number("x", step=CENT, below=LIMIT)) == number


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("1,5", INVALID),
        ("1.234,50", INVALID),
        ("1,234.50", INVALID),
        ("12 34", INVALID),
        ("1  234", INVALID),
        ("1 234 5", INVALID),
        ("1.5 000", INVALID),
        ("1_000", INVALID),
        ("\uff11\uff12", INVALID),
        ("٣", INVALID),
        ("0x10", INVALID),
        (".", INVALID),
        ("e5", INVALID),
        ("--1", INVALID),
        ("1.2.3", INVALID),
        ("$5", INVALID),
        ("5%", INVALID),
        (" ", INVALID),
        ("NaN", INVALID),
        ("sNaN123", INVALID),
        ("-nan(ind)", INVALID),
        ("-1.#IND", INVALID),
        ("1.#QNAN", INVALID),
        (Decimal("NaN"), INVALID),
        (True, INVALID),
        ([], INVALID),
        ({}, INVALID),
        ("inf", RANGE),
        ("-Infinity", RANGE),
        ("1.#INF", RANGE),
        ("-1.#INF00", RANGE),
        (Decimal("Infinity"), RANGE),
        ("1e400", RANGE),
        ("1e999999999", RANGE),
        ("-1e99999999999999999999", RANGE),
        (Decimal("1e9999999"), RANGE),
        ("100000000", RANGE),
        ("99999999.995", RANGE),
        ("9" * 1000, RANGE),
    ],
)
def test_what_is_no_number_or_too_large_is_refused(told, code):
    assert code_of(fields(told).number, step=CENT, below=LIMIT) == code


@pytest.mark.parametrize("told", [None, ""])
def test_an_empty_text_is_absent(told):
    given_ = fields(told)

    values = [
        given_.text("x", limit=5),
        given_.printable("x", limit=5),
        given_.number("x", step=CENT, below=LIMIT),
        given_.integer("x", smallest=0, largest=9),
        given_.boolean("x"),
        given_.choice("x", {"a": "A"}),
        given_.moment("x", now=NOW),
        given_.json_object("x", limit=9),
    ]

    assert values == [None] * 8


@pytest.mark.parametrize("told", [12, "12", "012", " 12 ", Decimal("12.0"), "1.2e1"])
def test_a_whole_number_is_an_integer(told):
    assert fields(told).integer("x", smallest=0, largest=99) == 12


@pytest.mark.parametrize(
    ("told", "code"),
    [("1.5", INVALID), (True, INVALID), (100, RANGE), ("-1", RANGE), ("1e400", RANGE)],
)
def test_what_is_no_whole_number_is_refused(told, code):
    assert code_of(fields(told).integer, smallest=0, largest=99) == code


@pytest.mark.parametrize("told", [True, 1, "1", "true", "TRUE", " yes "])
def test_a_truth_is_understood(told):
    assert fields(told).boolean("x") is True


@pytest.mark.parametrize("told", [2, "maybe", [], {}, Decimal("1.0")])
def test_what_is_neither_true_nor_false_is_refused(told):
    assert code_of(fields(told).boolean) == INVALID


@pytest.mark.parametrize(
    "told",
    [
        "2026.03.01 14:30",
        "2026.03.01 14:30:00",
        "2026-03-01 14:30:00",
        "2026-03-01T14:30",
        "2026-03-01T12:30:00Z",
        "2026-03-01t12:30:00.000z",
        "2026-03-01T17:30:00+05:00",
        "2026-03-01T07:30:00-0500",
        "2026-03-01T12:30:00+00",
        1772368200,
        "1772368200",
        Decimal("1772368200.0"),
        Decimal("1.7723682e9"),
        " 1772368200 ",
    ],
)
def test_a_time_is_read_by_the_brokers_clock_unless_it_has_its_own(told):
    given_ = fields(told, utc_offset=timedelta(hours=2))

    moment = given_.moment("x", now=NOW)

    assert moment == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("told", ["2026.03.01", "2026-03-01"])
def test_a_date_alone_is_its_midnight(told):
    assert fields(told).moment("x", now=NOW) == datetime(2026, 3, 1, tzinfo=UTC)


def test_parts_of_a_second_are_kept():
    parts = [Decimal("1772368200.25"), "2026-03-01T12:30:00.250Z"]

    moments = [fields(told).moment("x", now=NOW) for told in parts]

    assert [moment.microsecond for moment in moments] == [250_000, 250_000]


@pytest.mark.parametrize(
    "told", ["2000.01.01 00:00", 946684800, "2026.03.04 12:00:00", "2026-03-04T12:00Z"]
)
def test_both_ends_of_time_are_in_it(told):
    assert fields(told).moment("x", now=NOW) is not None


@pytest.mark.parametrize(
    "told",
    [
        "1999.12.31 23:59:59",
        "2026.03.04 15:00:01",
        946684799,
        -1,
        "-62135596800",
        1772368200000,
        "1772368200000",
        10**19,
        Decimal("1e400"),
        Decimal("Infinity"),
        "3000.12.31 23:59:59",
        "0001.01.01 00:00",
        "9999-12-31T23:59:59-12:00",
        "20260301",
        0,
        "0",
        "0.0",
        Decimal("0.0"),
        "1970.01.01 00:00",
        "1970-01-01T00:00:00Z",
    ],
)
def test_a_time_that_cannot_be_is_out_of_range(told):
    given_ = fields(told, utc_offset=timedelta(hours=3))

    assert code_of(given_.moment, now=NOW) == TIME


@pytest.mark.parametrize(
    "told",
    [
        "yesterday",
        "2026.13.01 00:00",
        "2026.02.30 00:00",
        "2026.03.01 25:00",
        "2026.03.01 12:60",
        "2026.3.1 12:00",
        "2026.03.01x12:00",
        "\uff12\uff10\uff12\uff16.03.01 12:00",
        "2026-W09-1",
        "2026-03-01T12:00:00+25:00",
        "01/03/2026",
        "NaN",
        Decimal("NaN"),
        True,
        [],
        {},
        " ",
    ],
)
def test_what_is_no_time_is_refused(told):
    assert code_of(fields(told).moment, now=NOW) == INVALID


@pytest.mark.parametrize(
    "told",
    [
        0,
        "0",
        Decimal("0.0"),
        "0.00",
        "",
        None,
        "1970.01.01 00:00",
        "1970.01.01 00:00:00",
        "1970.01.01",
        "1970-01-01T00:00:00Z",
    ],
)
def test_no_time_is_absent_where_it_may_be(told):
    given_ = fields(told, utc_offset=timedelta(hours=-5))

    assert given_.moment("x", now=NOW, zero_is_absent=True) is None


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("  EURUSD ", "EURUSD"),
        (4711, "4711"),
        ("<b>bold</b> & AT&T", "bold & AT&T"),
        ("e\u0301", "é"),
        ("a\u202eb\u200bc\x07", "abc"),
        ("x" * 20, "x" * 20),
        (" " * 30 + "x", "x"),
        ("<b></b>", None),
        ("  ", None),
    ],
)
def test_a_text_is_trimmed_and_cleaned(told, text):
    assert fields(told).text("x", limit=20) == text


@pytest.mark.parametrize(
    "told",
    [
        "x" * 21,
        "\u0958" * 20,
        "a\0b",
        "\0",
        "\ud800",
        "\udfff!",
        True,
        Decimal("1.5"),
        Decimal("NaN"),
        [],
        {},
    ],
)
def test_what_is_no_text_or_too_long_is_refused(told):
    assert code_of(fields(told).text, limit=20) == INVALID


@pytest.mark.parametrize(
    ("told", "text"),
    [(" a<b>c ", "a<b>c"), ("a b", "a b"), (7, "7"), ("~" * 9, "~" * 9)],
)
def test_what_identifies_is_not_cleaned(told, text):
    assert fields(told).printable("x", limit=9) == text


@pytest.mark.parametrize(
    "told", ["a\tb", "é", "\0", "\x7f", "x" * 10, True, Decimal(1), [], {}]
)
def test_what_identifies_is_printable_ascii(told):
    assert code_of(fields(told).printable, limit=9) == INVALID


@pytest.mark.parametrize("told", ["", " ", None])
def test_what_must_be_told_is_missed(told):
    given_ = fields(told)

    assert code_of(given_.required_text, limit=9) == INVALID
    assert code_of(given_.required_printable, limit=9) == INVALID


@pytest.mark.parametrize("told", ["BUY", " buy ", "Buy"])
def test_a_choice_is_made_in_any_case(told):
    assert fields(told).choice("x", {"buy": "B"}) == "B"


@pytest.mark.parametrize("told", ["sell", 7, True, [], {}, Decimal("0.0")])
def test_a_choice_that_nobody_offers_is_refused(told):
    assert code_of(fields(told).choice, {"buy": "B", "true": "T"}) == INVALID


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ({"a": 1, "b": None, "c": [True, "x"]}, {"a": 1, "b": None, "c": [True, "x"]}),
        ('{"a":1.5}', {"a": 1.5}),
        ({"price": Decimal("1.105"), "n": 10**19}, {"price": 1.105, "n": 10**19}),
        ({"<b>k</b>": " <i>v</i> "}, {"k": "v"}),
        ({}, {}),
    ],
)
def test_an_object_is_made_of_plain_and_clean_values(told, stored):
    assert fields(told).json_object("x", limit=99) == stored


@pytest.mark.parametrize(
    "told",
    [
        "[1]",
        '"text"',
        "{",
        '{"a":1,"a":2}',
        "[" * 50,
        [1],
        7,
        True,
        {"a": "\0"},
        {"\ud800": 1},
        {"a": [{"b": "\udc00"}]},
        {"a": Decimal("NaN")},
        {"a": [Decimal("Infinity")]},
        {"a": Decimal("1e400")},
        '{"a":NaN}',
        '{"a":1e99999999999999999999}',
        {"a": "x" * 100},
        {"a": "ж" * 50},
        '{"a":' + " " * 100 + "1}",
        {"k": 1, "<b>k</b>": 2},
    ],
)
def test_an_object_that_jsonb_or_its_limit_does_not_hold_is_refused(told):
    assert code_of(fields(told).json_object, limit=99) == INVALID


def test_an_object_may_be_as_large_as_its_limit():
    told = {"a": "x" * 92}

    assert fields(told).json_object("x", limit=100) == told
    assert code_of(fields(told).json_object, limit=99) == INVALID


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.decimals(allow_nan=False),
        st.just(Decimal("NaN")),
        st.text(max_size=30),
        st.from_regex(r"[-+ \d.,:eETZ#INF]{1,25}", fullmatch=True),
        st.datetimes().map(str),
    ),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
READERS = [
    lambda given_: given_.text("x", limit=20),
    lambda given_: given_.printable("x", limit=20),
    lambda given_: given_.number("x", step=POINT, below=LIMIT),
    lambda given_: given_.integer("x", smallest=-(2**63), largest=2**63 - 1),
    lambda given_: given_.boolean("x"),
    lambda given_: given_.choice("x", {"buy": "BUY"}),
    lambda given_: given_.moment("x", now=NOW),
    lambda given_: given_.moment("x", now=NOW, zero_is_absent=True),
    lambda given_: given_.json_object("x", limit=200),
]


@given(ANYTHING, st.integers(-720, 840))
def test_no_value_raises_anything_but_a_refusal(value, minutes):
    given_ = fields(value, utc_offset=timedelta(minutes=minutes))

    for read in READERS:
        with suppress(FieldInvalid):
            read(given_)


@given(st.text())
def test_a_text_that_is_read_twice_stays_as_it_is(told):
    try:
        once = fields(told).text("x", limit=255)
    except FieldInvalid:
        once = None

    assert fields(once).text("x", limit=255) == once
