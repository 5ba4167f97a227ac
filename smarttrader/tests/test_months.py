from datetime import UTC, datetime

import pytest

from smarttrader.lib.months import add_months


@pytest.mark.parametrize(
    ("begins", "months", "ends"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-11-25", 14, "2028-01-25"),
    ],
)
def test_months_are_those_of_the_calendar(begins, months, ends):
    moment = datetime.fromisoformat(f"{begins}T08:30Z")

    assert add_months(moment, months) == datetime.fromisoformat(f"{ends}T08:30Z")


def test_no_month_lies_beyond_the_last_year():
    with pytest.raises(OverflowError):
        add_months(datetime(9999, 12, 1, tzinfo=UTC), 1)
