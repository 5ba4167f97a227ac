"""How figures and dates are written in the language of whoever reads them.

Code writes figures and picks formats as English does; both are turned at the edge.
"""

from datetime import date, datetime

from django.utils import dateformat, timezone
from django.utils.formats import get_format
from django.utils.translation import get_language

ENGLISH = "en"
DATE_FORMATS = {
    "de": {
        "F j": "j. F",
        "j F": "j. F",
        "j M": "d.m.",
        "j M H:i": "d.m. H:i",
        "j M H:i:s": "d.m. H:i:s",
        "j M Y": "d.m.Y",
        "j M Y H:i": "d.m.Y H:i",
        "j M Y H:i:s": "d.m.Y H:i:s",
        "D j M": "D d.m.",
        "D j M Y": "D d.m.Y",
        "j F Y": "j. F Y",
        "j M Y H:i e": "d.m.Y H:i e",
        "l, j F Y": "l, j. F Y",
    }
}


def localized_figure(figure: str) -> str:
    """Return a figure that is written in English, such as 1,234.56, for its reader."""
    if (get_language() or ENGLISH) == ENGLISH:
        return figure
    separators = {",": get_format("THOUSAND_SEPARATOR"), ".": decimal_separator()}
    return figure.translate(str.maketrans(separators))


def decimal_separator() -> str:
    return str(get_format("DECIMAL_SEPARATOR"))


def localized_date(moment: date, english_format: str) -> str:
    return dateformat.format(moment, localized_date_format(english_format))


def localized_day(moment: datetime) -> str:
    """Return the day of a moment in the current zone, with its year."""
    return localized_date(timezone.localtime(moment), "j M Y")


def localized_date_format(english: str) -> str:
    """Return the format of Django's filter `date` that means the same to the reader."""
    return DATE_FORMATS.get(get_language() or ENGLISH, {}).get(english, english)
