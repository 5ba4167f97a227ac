from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import FieldInvalid

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
INVALID, TIME = "VALIDATION_ERROR", "TIME_OUT_OF_RANGE"


def fields(value, **options):
    return Fields({"x": value}, **options)


def code_of(read, *arguments, **options):
    with pytest.raises(FieldInvalid) as caught:
        read("x", *arguments, **options)
    assert caught.value.field == "x"
    return caught.value.code


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
