"""JSON on the pages of the back office: as tables, and what changed side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import JSONField, Model
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NOTHING = "-"
BEFORE, AFTER = "before", "after"
Shown = Callable[[Model], str]


def readable(model: type[Model], names: Sequence[Any]) -> list[Any]:
    """Return the fields of a page, those of JSON as what shows them.

    Fields `before` and `after` are one table of what changed.
    """
    return list(_readable(model, names))


def _readable(model: type[Model], names: Sequence[Any]) -> Iterator[Any]:
    has_changes = {BEFORE, AFTER} <= {name for name in names if isinstance(name, str)}
    of_json = {
        field.name: field
        for field in model._meta.get_fields()
        if isinstance(field, JSONField)
    }
    for name in names:
        if name not in of_json:
            yield name
        elif has_changes and name == BEFORE:
            yield _named("changes", _("changes"), _changes_of)
        elif not (has_changes and name == AFTER):
            label = of_json[name].verbose_name
            yield _named(name, label, partial(_value_of, name))


def _named(name: str, label: Any, show: Shown) -> Shown:
    def shown(row: Model) -> str:
        return show(row)

    shown.__name__ = name
    shown.short_description = label  # type: ignore[attr-defined]
    return shown


def _value_of(name: str, row: Model) -> str:
    return _told(getattr(row, name))


def _changes_of(row: Any) -> str:
    before, after = row.before or {}, row.after or {}
    lines = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
        (
            (_words(name), _told(before.get(name)), _told(after.get(name)))
            for name in {**before, **after}
        ),
    )
    if not lines:
        return NOTHING
    return format_html(
        '<table class="json"><thead><tr><th scope="col">{}</th><th scope="col">{}</th>'
        '<th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>',
        *(gettext("Field"), gettext("before"), gettext("after"), lines),
    )


def _told(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Mapping):
        lines = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td></tr>',
            ((_words(name), _told(each)) for name, each in value.items()),
        )
        return format_html('<table class="json"><tbody>{}</tbody></table>', lines)
    if isinstance(value, list):
        is_flat = not any(isinstance(each, (Mapping, list)) for each in value)
        return format_html_join(
            ", " if is_flat else "", "{}", ((_told(each),) for each in value)
        )
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
