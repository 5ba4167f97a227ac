"""Filters in a URL that never mean "all rows" by mistake."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError as FormInvalid
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from smarttrader.lib.api import pages
from smarttrader.lib.api.fields import MomentField

MISTAKES = {
    "unknown": "There is no such parameter.",
    "empty": "It is empty: leave it out instead.",
    "twice": "It is given more than once.",
}


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]
    """Refuses unknown, empty, repeated and invalid parameters with 400.

    What was chosen is left on the view as `chosen`, for what a query needs to know.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        kind = getattr(view, "filterset_class", None) or FilterSet
        has_pages = view.action == "list" and view.pagination_class
        of_pages = pages.PARAMETERS if has_pages else ()
        check_parameters(request, {*kind.base_filters, *of_pages})
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationError(filterset.errors)
        view.chosen = filterset.form.cleaned_data
        rows: QuerySet[Any] = filterset.qs
        return rows


def check_parameters(request: Request, known: set[str]) -> None:
    """Refuse parameters that nobody reads, or that say nothing or two things."""
    errors = {}
    for name, values in request.query_params.lists():
        mistake = _mistake(name, values, known)
        if mistake:
            errors[name] = [MISTAKES[mistake]]
    if errors:
        raise ValidationError(errors)


def _mistake(name: str, values: list[Any], known: set[str]) -> str:
    if name not in known:
        return "unknown"
    if len(values) > 1:
        return "twice"
    return "" if values[0].strip() else "empty"


class _MomentField(forms.Field):
    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            return MomentField().to_internal_value(value)
        except ValidationError as error:
            raise FormInvalid([str(each) for each in error.args[0]]) from error


class _BooleanField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if not value:
            return None
        if value not in ("true", "false"):
            raise FormInvalid("This is true or false.")
        return bool(value == "true")


class TrueOrFalse(django_filters.BooleanFilter):  # type: ignore[misc]
    """true or false, as JSON spells them."""

    field_class = _BooleanField


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment with its offset from UTC: 2026-03-02T10:00:00Z."""

    field_class = _MomentField


class LeftToTheQuery(django_filters.UUIDFilter):  # type: ignore[misc]
    """An identifier that the view's query asks for by itself."""

    def filter(self, qs: QuerySet[Any], _value: Any) -> QuerySet[Any]:
        return qs
