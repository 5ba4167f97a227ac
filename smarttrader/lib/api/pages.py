"""Lists page by page: newest first, from a cursor that names the last row told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from smarttrader.lib.keyset import NotAPlace, Place

CURSOR, PAGE_SIZE = "cursor", "page_size"
PARAMETERS = frozenset({CURSOR, PAGE_SIZE})
USUAL_SIZE, LARGEST_SIZE = 50, 200
LONGEST_NUMBER = 3
NOT_A_CURSOR = {CURSOR: ["This is no cursor of this list."]}


class Paged(Protocol):
    """What a view with a list of this kind has."""

    moment_field: str  # "": its ids sort by time themselves
    is_moment_optional: bool
    newest: Callable[..., Sequence[Any]]


class CursorPages(BasePagination):
    """Asks the view for `newest(rows, limit=..., after=...)`; `moment_field` orders it.

    An OFFSET would read all that it skips, and show a row twice when one came in.
    """

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        paged: Paged = view
        size = _page_size(request)
        after = _after(request, paged)
        found = list(paged.newest(queryset, limit=size + 1, after=after))
        self.next_cursor = None
        if len(found) > size:
            self.next_cursor = _cursor_of(found[size - 1], paged.moment_field)
        return found[:size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next_cursor": self.next_cursor, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next_cursor", "results"],
            "additionalProperties": False,
            "properties": {
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "What `cursor` is for the next page; null: the end.",
                    "examples": ["-019b76da80007000800000000000002a"],
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        return [
            {
                "name": CURSOR,
                "in": "query",
                "schema": {
                    "type": "string",
                    "pattern": r"^([0-9]{1,18})?-[0-9a-f]{32}$",
                },
                "description": "`next_cursor` of the page before.",
            },
            {
                "name": PAGE_SIZE,
                "in": "query",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": LARGEST_SIZE,
                    "default": USUAL_SIZE,
                },
                "description": "How many rows a page has at most.",
            },
        ]


def _page_size(request: Request) -> int:
    text = request.query_params.get(PAGE_SIZE, str(USUAL_SIZE))
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    if not is_number or not 1 <= int(text) <= LARGEST_SIZE:
        raise ValidationError({PAGE_SIZE: [f"A number from 1 to {LARGEST_SIZE}."]})
    return int(text)


def _after(request: Request, paged: Paged) -> Place | None:
    text = request.query_params.get(CURSOR)
    if text is None:
        return None
    try:
        place = Place.read(text)
    except NotAPlace:
        raise ValidationError(NOT_A_CURSOR) from None
    # A cursor of another list would silently begin anew, or skip what it must not.
    has_moment = place.moment is not None
    if has_moment != bool(paged.moment_field) and not paged.is_moment_optional:
        raise ValidationError(NOT_A_CURSOR)
    return place


def _cursor_of(row: Any, moment_field: str) -> str:
    moment: datetime | None = getattr(row, moment_field) if moment_field else None
    return str(Place(moment, row.pk))
