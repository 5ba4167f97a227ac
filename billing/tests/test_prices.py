"""What is left of a period is worth, to the cent."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from billing.models import LIFETIME_END
from billing.prices import PaidPeriod, upgrade_price

START = datetime(2027, 3, 1, tzinfo=UTC)
prices = st.decimals("0.00", "99999.99", places=2)


def a_period(days: int, price: str, start: datetime = START) -> PaidPeriod:
    return PaidPeriod(start, start + timedelta(days=days), Decimal(price))


def test_half_of_a_period_costs_half_of_the_difference():
    price = upgrade_price(
        [a_period(30, "59.00")], Decimal("149.00"), START + timedelta(days=15)
    )

    assert str(price) == "45.00"


def test_half_a_cent_is_rounded_up_once():
    halves = [a_period(2, "0.00"), a_period(2, "0.00", START + timedelta(days=2))]

    price = upgrade_price(halves[:1], Decimal("0.01"), START + timedelta(days=1))
    both = upgrade_price(halves, Decimal("0.01"), START + timedelta(days=1))

    # Half a cent is one; a cent and a half are two, not one and one.
    assert (price, both) == (Decimal("0.01"), Decimal("0.02"))


def test_a_lifetime_costs_the_whole_difference():
    forever = PaidPeriod(START, LIFETIME_END, Decimal("690.00"))

    price = upgrade_price([forever], Decimal("1390.00"), START + timedelta(days=900))

    assert price == Decimal("1390.00") - Decimal("690.00")


@given(prices, prices, st.integers(1, 366 * 86_400), st.data())
def test_the_price_is_the_difference_by_seconds_rounded_half_up(
    old, more, length, data
):
    left = data.draw(st.integers(0, length))
    period = PaidPeriod(START, START + timedelta(seconds=length), old)
    now = period.end - timedelta(seconds=left)

    price = upgrade_price([period], old + more, now)

    with localcontext(prec=60):
        cents = Decimal(more * 100 * left) / length
        assert price == cents.quantize(Decimal(1), ROUND_HALF_UP) / 100


def test_what_has_run_costs_nothing():
    past = a_period(30, "59.00")

    assert upgrade_price([past], Decimal("149.00"), past.end) == 0
