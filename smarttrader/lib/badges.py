"""States in the back office's lists: a dot and a word in a tone, as on the pages."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from smarttrader.lib.attention import Text

Tone = Literal["ok", "info", "caution", "bad", ""]


def badge(label: Text, tone: Tone = "") -> SafeString:
    return format_html('<span class="badge {}">{}</span>', tone, label)


def badge_column(
    field: str, description: Text, tones: Mapping[str, Tone]
) -> Callable[[Any], SafeString]:
    """Return a column that shows a field's choice, in its tone if it has one."""

    @admin.display(description=description, ordering=field)
    def shown(row: Any) -> SafeString:
        label = getattr(row, f"get_{field}_display")()
        return badge(label, tones.get(getattr(row, field), ""))

    # The style sheet knows columns by their names.
    shown.__name__ = field
    return shown
