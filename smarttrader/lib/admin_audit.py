"""Audits in the back office: newest first, by pages that ten million rows slow not."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, Q, QuerySet, prefetch_related_objects
from django.http import HttpRequest

from smarttrader.lib import newest
from smarttrader.lib.admin import KeysetAdmin, is_staff_member
from smarttrader.lib.keyset import Place

Row = TypeVar("Row", bound=Model)


class AuditAdmin(KeysetAdmin[Row]):
    """An audit: the whole of it, what a filter keeps, or what is about somebody.

    `apart` are the columns that it is filtered by, with all of their values: an index
    has them before the moment, so that a rare one is found as fast as any.
    """

    moment = "at"
    is_listed_whole = True
    apart: ClassVar[Mapping[str, Collection[Any]]] = {}

    def named(self, word: str) -> Iterable[Q]:
        """Yield what a word may name; an index serves each."""
        raise NotImplementedError

    def looked_after(
        self,
        request: HttpRequest,  # noqa: ARG002 -- for who is looked after by somebody
    ) -> Mapping[str, Collection[Any]]:
        """Return whose rows a reseller sees, by the column that an index begins with.

        Staff see all of them; of an audit that names nobody a reseller sees none.
        """
        return {}

    def found_by(
        self,
        request: HttpRequest,  # noqa: ARG002 -- for who finds by what is visible
        rows: "QuerySet[Row]",
        word: str,
        limit: int,
    ) -> list[Row]:
        """Return the newest rows that are about what a word names."""
        parts = [rows.filter(each) for each in self.named(word)]
        return newest.newest_of_any(parts, self.moment, limit)

    def shaped(self, rows: list[Row]) -> list[Row]:
        """Give the rows of a page what the list shows beside their own columns."""
        return rows

    def key_of(self, place: Place) -> Any:
        return place.id

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[Row]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[Row]:
        rows = matching
        if after is not None and after.moment is not None:
            rows = newest.after(rows, self.moment, after.moment, self.key_of(after))
        if words:
            found = self.found_by(request, rows, words[0], limit)
        else:
            each = (
                self.apart if is_staff_member(request) else self.looked_after(request)
            )
            found = (
                newest.newest_of_each(rows, each, self.moment, limit) if each else []
            )
        prefetch_related_objects(found, *self.related)
        return self.shaped(found)

    @property
    def related(self) -> tuple[str, ...]:
        named = self.list_select_related
        return () if isinstance(named, bool) else tuple(named)


def identifier(word: str) -> uuid.UUID | None:
    """Return the identifier that a word is, if it is one."""
    try:
        return uuid.UUID(word)
    except ValueError:
        return None
