"""The calendar of a year: which color a day has, and where it leads."""

from datetime import date, timedelta
from decimal import Decimal

from accounts.templatetags.ui import MINUS
from analytics.heat_map import months_of_year
from analytics.queries.performance import Day


def drawn(*nets):
    """Return the days of March that begin with the second, as they are drawn."""
    days = [
        Day(date(2026, 3, 2) + timedelta(days=place), 2, Decimal(net))
        for place, net in enumerate(nets)
    ]
    march = months_of_year(2026, days, currency="JPY", trades_url="/t/?a=1&day=")[2]
    assert (march.first, march.trades) == (date(2026, 3, 1), 2 * len(nets))
    assert march.net == sum(map(Decimal, nets))
    return [day for week in march.weeks for day in week if day][1:]


def test_a_day_is_colored_by_its_third_of_all_days():
    days = drawn(10, -20, 300, -400, 5000, -60_000, 0)

    classes = [day.split('class="')[1].split('"')[0] for day in days[:7]]
    assert classes == ["gain-1", "loss-1", "gain-2", "loss-2", "gain-3", "loss-3", ""]


def test_a_day_leads_to_its_trades():
    (day, *_) = drawn(-1234)

    assert day == (
        '<a href="/t/?a=1&amp;day=2026-03-02" class="loss-1"'
        f' data-net="{MINUS}1.2k" aria-label="2 March, {MINUS}1,234, 2 trades">2</a>'
    )


def test_a_day_without_trades_leads_nowhere():
    assert drawn(1)[1:] == [str(number) for number in range(3, 32)]


def test_what_a_currency_is_called_is_no_markup():
    days = [Day(date(2026, 3, 2), 1, Decimal(1))]

    months = months_of_year(2026, days, currency="<b>", trades_url="/?currency=<b>&d=")

    assert not any("<b>" in day for week in months[2].weeks for day in week)
