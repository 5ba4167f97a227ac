"""The words of a badge, so that they stay within its picture in whichever font.

A picture on another site brings no font, and nobody measures it there: widths are
reckoned by what system fonts have, rather too wide than too narrow.
"""

from dataclasses import dataclass
from unicodedata import east_asian_width

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.templatetags.ui import percent, signed_money
from analytics.models import PublicFigure, PublicTrackRecord
from analytics.queries.periods import Figures
from analytics.queries.track_records import Verification
from smarttrader.lib.localization import localized_figure

WORDS_WIDTH = 264  # from the left edge to the mark, in the picture's units
TITLE_SIZE, FIGURES_SIZE = 14 * 1.13, 12  # the title is bold, and so much wider
# Parts of the font's size.
NARROW, USUAL, CAPITAL, WIDE, FULL = 0.34, 0.6, 0.74, 0.98, 1.1
LAST_LATIN = "\u024f"
NARROW_LETTERS, WIDE_LETTERS = frozenset("ijl.,:;'!|()[] "), frozenset("mwMW@%&")


@dataclass(frozen=True, slots=True)
class Line:
    text: str

    @property
    def width(self) -> int | None:
        """What it is squeezed into; None where it fits."""
        return WORDS_WIDTH if _width(self.text, FIGURES_SIZE) > WORDS_WIDTH else None


def badge_lines(
    record: PublicTrackRecord, figures: Figures, verification: Verification | None
) -> list[Line]:
    """Return what its owner chose to show of the results, and how many trades."""
    results = []
    currency = record.bot_instance.account_currency
    if record.shows(PublicFigure.AMOUNTS) and currency:
        results.append(f"{signed_money(figures.net_profit, currency)} {currency}")
    if record.shows(PublicFigure.WIN_RATE) and figures.total_trades:
        results.append(_("%(rate)s won") % {"rate": percent(figures.win_rate)})
    trades = [_trades(figures.total_trades)]
    if verification and verification.is_of_all(figures):
        trades.append(_("verified"))
    elif verification:
        trades.append(_("%(n)s verified") % {"n": _count(verification.trades)})
    texts = [", ".join(results), " · ".join(trades)]
    return [Line(text) for text in texts if text]


def fitted_title(title: str) -> str:
    """Return a title as it stands in the picture, cut where it would not fit."""
    if _width(title, TITLE_SIZE) <= WORDS_WIDTH:
        return title
    end = len(title)
    while _width(f"{title[:end]}…", TITLE_SIZE) > WORDS_WIDTH:
        end -= 1
    return f"{title[:end].rstrip()}…"


def _trades(number: int) -> str:
    text = ngettext("%(total)s trade", "%(total)s trades", number)
    return text % {"total": _count(number)}


def _count(number: int) -> str:
    return localized_figure(f"{number:,}")


def _width(text: str, size: float) -> float:
    return size * sum(map(_part_of_size, text))


def _part_of_size(letter: str) -> float:
    if east_asian_width(letter) in "FW":
        return FULL
    if letter in NARROW_LETTERS:
        return NARROW
    if letter in WIDE_LETTERS:
        return WIDE
    return CAPITAL if letter.isupper() or letter > LAST_LATIN else USUAL
