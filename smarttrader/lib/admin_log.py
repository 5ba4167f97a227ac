"""What the log of the back office says: which forms changed what, from what to what."""

import json
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext

from smarttrader.lib.admin_json import change_of

Row = TypeVar("Row", bound=Model)


class ValuesInLog(admin.ModelAdmin[Row]):
    """Rows of which the log keeps the values that a form changed, old and new."""

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 -- the stock hook
    ) -> list[dict[str, Any]]:
        message: list[Any] = super().construct_change_message(
            request, form, formsets, add
        )
        for part in message:
            if "fields" in part.get("changed", {}):
                part["changed"]["values"] = [
                    [_kept(form.initial.get(name)), _kept(form.cleaned_data[name])]
                    for name in form.changed_data
                ]
        return message


def message_of(entry: LogEntry) -> str:
    """Return what an entry says was done, with the values where it has them."""
    try:
        changed = json.loads(entry.change_message)[0]["changed"]
        pairs = zip(changed["fields"], changed["values"], strict=True)
    except (ValueError, LookupError, TypeError):  # no values, or words of an action
        return str(entry.get_change_message())
    return "; ".join(
        change_of(gettext(label), before, after) for label, (before, after) in pairs
    )


def _kept(value: Any) -> str | list[str] | None:
    if isinstance(value, list):
        return [str(each) for each in value]
    return None if value is None else str(value)
