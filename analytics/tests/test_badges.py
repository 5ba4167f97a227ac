"""The words of a badge stay within its picture, left of its mark."""

from decimal import Decimal

import pytest
from django.utils import translation

from analytics.badges import Line, badge_lines, fitted_title
from analytics.models import PublicFigure, PublicTrackRecord
from analytics.queries.periods import Figures
from analytics.queries.track_records import Verification
from bots.models import BotInstance
from smarttrader.lib import clock


def lines(net, currency="USD", verified=1800):
    record = PublicTrackRecord(
        bot_instance=BotInstance(account_currency=currency),
        figures=[PublicFigure.AMOUNTS, PublicFigure.WIN_RATE],
    )
    figures = Figures(total_trades=1866, winning_trades=1069, net_profit=Decimal(net))
    return badge_lines(record, figures, Verification(verified, clock.now()))


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["+17,490.69 USD, 57.3% won", "1,866 trades · 1,800 verified"]),
        (
            "de",
            [
                "+17.490,69 USD, 57,3\N{NO-BREAK SPACE}% gewonnen",
                "1.866 Trades · 1.800 geprüft",
            ],
        ),
    ],
)
def test_usual_figures_stand_as_they_are(language, texts):
    with translation.override(language):
        told = lines("17490.69")

    assert [(line.text, line.width) for line in told] == [
        (text, None) for text in texts
    ]


def test_figures_that_would_not_fit_are_squeezed():
    result, trades = lines("12345678901234567890")

    assert (result.width, trades.width) == (264, None)


def test_a_title_that_fits_stands_as_it_is():
    assert fitted_title("Gold Carry, since 2019") == "Gold Carry, since 2019"


@pytest.mark.parametrize("letter", ["W", "m", "あ", "Ж", "é"])
def test_a_wide_title_is_cut(letter):
    cut = fitted_title(letter * 80)

    assert cut.endswith("…")
    assert fitted_title(cut) == cut
    assert 10 < len(cut) < 34


def test_what_is_verified_whole_says_so():
    assert lines("1", verified=1866)[1] == Line("1,866 trades · verified")
