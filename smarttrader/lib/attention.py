"""What the back office puts before its people: what needs them, and the day's figures.

Each model's admin says what needs attention and which figures it has; nothing here
knows a model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import BadRequest, EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from smarttrader.lib import clock

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from smarttrader.lib.admin import ScopedAdmin

# Whoever has more of it has to look at the list anyway.
MOST_COUNTED = 1000
NEEDED = "needed"
Text: TypeAlias = "str | _StrPromise"


@dataclass(frozen=True)
class Concern:
    """Rows of a model that somebody has to look at, and the list of just these."""

    model: type[Model]
    label: Text
    count: int
    address: str

    @property
    def name(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def is_capped(self) -> bool:
        return self.count >= MOST_COUNTED


@dataclass(frozen=True)
class Figure:
    label: Text
    value: str | int
    address: str = ""
    is_technical: bool = False  # shown after what people do

    @property
    def text(self) -> str:
        if isinstance(self.value, str):
            return self.value
        return number_format(self.value, force_grouping=True)


class AttentionFilter(admin.SimpleListFilter):
    """Keeps the rows that somebody has to look at."""

    title = _("attention")
    parameter_name = "attention"

    def lookups(
        self, _request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Text]]:
        return [(NEEDED, model_admin.attention)]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> "QuerySet[Any]":
        if self.value() is None:
            return queryset
        if self.value() != NEEDED:
            raise BadRequest(self.parameter_name)
        rows: Any = queryset
        needed: QuerySet[Any] = rows.needing_attention(clock.now())
        return needed


def concerns(
    admins: "Iterable[ScopedAdmin[Any]]", request: HttpRequest, now: datetime
) -> list[Concern]:
    """Return what needs attention of what these admins show, by one statement."""
    watched = [each for each in admins if each.attention]
    visible: list[Any] = [each.visible_rows(request) for each in watched]
    needed = [rows.needing_attention(now) for rows in visible]
    return [
        Concern(each.model, each.attention, count, list_of(each, attention=NEEDED))
        for each, count in zip(watched, counts_of(needed), strict=True)
        if count
    ]


def counts_of(lists: "Sequence[QuerySet[Any]]") -> list[int]:
    """Return how many rows each of these has, at most `MOST_COUNTED`, all at once."""
    if not lists:
        return []
    selects: list[str] = []
    parameters: list[Any] = []
    for rows in lists:
        counted = rows.order_by().values("pk")[:MOST_COUNTED]
        try:
            text, values = counted.query.sql_with_params()
        except EmptyResultSet:  # of whom who asks may see none
            selects.append("0")
            continue
        selects.append(f"(SELECT count(*) FROM ({text}) AS counted)")  # noqa: S608 -- our own
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(selects)}", parameters)
        return list(cursor.fetchone())


def list_of(model_admin: "ScopedAdmin[Any]", **lookups: object) -> str:
    """Return the address of a model's list, or of what lookups keep of it."""
    meta = model_admin.opts
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{address}?{urlencode(lookups)}" if lookups else address
