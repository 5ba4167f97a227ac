"""JSON on the pages of the back office: as tables, and what changed side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import JSONField, Model
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NOTHING = "-"
MISSING = object()
BEFORE, AFTER = "before", "after"
Shown = Callable[[Model], str]


def readable(model: type[Model], names: Sequence[Any]) -> list[Any]:
    """Return the fields of a page, those of JSON as what shows them.

    Fields `before` and `after` are one table of what changed.
    """
    return list(_readable(model, names))


def words(name: str) -> str:
    """Return the name of a column as people write it."""
    return name.replace("_", " ")


def changes_in_line(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what changed, or what something new is, in one line."""
    return "; ".join(
        change_of(words(name), before.get(name, MISSING), value)
        for name, value in after.items()
        if before.get(name, MISSING) != value
    )


def change_of(name: str, before: Any, after: Any) -> str:
    """Return a change in words; of what was MISSING before, what it is."""
    values = [after] if before is MISSING else [before, after]
    return f"{name}: {' → '.join(_in_line(each) for each in values)}"


def _in_line(value: Any) -> str:
    return NOTHING if value in ("", []) else _told(value)


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
        value = show(row)
        if not value.startswith("<table"):
            return value
        # Tables in tables may be wider than a phone.
        return format_html(
            '<div class="scroll-x" tabindex="0" role="region" aria-label="{}">{}</div>',
            *(label, value),
        )

    shown.__name__ = name
    shown.short_description = label  # type: ignore[attr-defined]
    return shown


def _value_of(name: str, row: Model) -> str:
    return _told(getattr(row, name))


def _changes_of(row: Any) -> str:
    """Return what changed, and folded below it what did not."""
    before, after = row.before, row.after
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        head = [gettext("Before"), gettext("After")]
        return _table(head, [[before, after]], named=False)
    rows = [
        (words(name), before.get(name, MISSING), after.get(name, MISSING))
        for name in {**before, **after}
    ]
    changed = [row for row in rows if row[1] != row[2]]
    same = [(name, value) for name, value, after_it in rows if value == after_it]
    head = [gettext("Field"), gettext("Before"), gettext("After")]
    table = _table(head, changed) if changed else NOTHING
    if not same:
        return table
    return format_html(
        "{}<details><summary>{}</summary>{}</details>",
        table,
        gettext("Unchanged"),
        _table([], same),
    )


def _told(value: Any) -> str:
    if value is MISSING:
        return ""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Mapping) and value:
        return _table([], list(value.items()))
    if isinstance(value, list) and value:
        return _list(value)
    return str(value) or '""'


def _list(values: list[Any]) -> str:
    if all(isinstance(each, Mapping) for each in values):
        names = list({name: None for each in values for name in each})
        rows = [[each.get(name, MISSING) for name in names] for each in values]
        return _table(names, rows, named=False)
    if any(isinstance(each, (Mapping, list)) for each in values):
        return _table([], list(enumerate(values, 1)))
    return format_html_join(", ", "{}", ((_told(each),) for each in values))


def _table(
    head: Sequence[str], rows: Sequence[Sequence[Any]], *, named: bool = True
) -> str:
    """Return a table of values; `named` rows begin with a name."""
    heading = format_html_join(
        "", '<th scope="col">{}</th>', ((each,) for each in head)
    )
    lines = format_html_join(
        "", "<tr>{}{}</tr>", (_cells(row, named=named) for row in rows)
    )
    if heading:
        heading = format_html("<thead><tr>{}</tr></thead>", heading)
    return format_html(
        '<table class="json">{}<tbody>{}</tbody></table>', heading, lines
    )


def _cells(row: Sequence[Any], *, named: bool) -> tuple[str, str]:
    name = format_html('<th scope="row">{}</th>', row[0]) if named else ""
    values = row[1:] if named else row
    return name, format_html_join(
        "", "<td>{}</td>", ((_told(each),) for each in values)
    )
