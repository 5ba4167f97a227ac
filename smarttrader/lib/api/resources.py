"""What the views of rows have in common: who may see which, page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, actor_of
from smarttrader.lib.api.filters import StrictFilters, check_parameters
from smarttrader.lib.api.pages import CursorPages
from smarttrader.lib.errors import DomainError
from smarttrader.lib.keyset import Place

# Methods that no view knows, and OPTIONS: whatever they ask for is answered 405.
NO_ACTIONS = (None, "metadata")
Row = TypeVar("Row", bound=Model)


class Resources(GenericViewSet[Row]):
    """Views of those rows of `queryset` that the caller may see; others are 404.

    `refusals` names, for the document, what an action's services refuse; `chosen` is
    what a list was filtered by; `now` is the clock, read once a request.
    """

    filter_backends: ClassVar[list[Any]] = [StrictFilters]  # type: ignore[misc]
    pagination_class: type[BasePagination] | None = CursorPages
    moment_field = ""
    is_moment_optional = False
    filtered_actions: tuple[str, ...] = ("list",)
    chosen: dict[str, Any]
    refusals: ClassVar[dict[str, list[type[DomainError]]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now: datetime = clock.now()
        if self.action not in (*NO_ACTIONS, *self.filtered_actions):
            check_parameters(request, set())

    def get_queryset(self) -> QuerySet[Row]:
        rows: Any = super().get_queryset()
        visible: QuerySet[Row] = rows.visible_to(self.caller)
        return visible

    def get_object(self) -> Row:
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def newest(
        self, rows: QuerySet[Row], *, limit: int, after: Place | None
    ) -> "Sequence[Row] | QuerySet[Row]":
        """Return rows whose ids sort by time, newest first."""
        rows = rows.filter(pk__lt=after.id) if after else rows
        return rows.order_by("-pk")[:limit]

    @property
    def caller(self) -> Any:
        """Return the user who calls: the permissions let nobody else in."""
        return self.request.user

    @property
    def actor(self) -> Actor:
        """Return who calls, as events remember them."""
        request = self.request._request  # noqa: SLF001 -- DRF's own
        return actor_of(request, self.caller.actor_type, self.caller.pk)

    def sent(self) -> dict[str, Any]:
        """Return what the caller sent, checked by the action's serializer."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def told(self, row: Any, serializer_class: Any, *, status: int = 200) -> Response:
        context = self.get_serializer_context()
        return Response(serializer_class(row, context=context).data, status=status)


class ReadableResources(RetrieveModelMixin, ListModelMixin, Resources[Row]):
    """A list and its rows, to look at."""
