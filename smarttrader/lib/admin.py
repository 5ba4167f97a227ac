"""What the back office's pages share."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property

from smarttrader.lib.actors import Actor, ActorType, actor_of

Row = TypeVar("Row", bound=Model)
# What an address may ask of a field that a list is filtered by.
LOOKUPS = (
    "",
    "__exact",
    "__in",
    "__isnull",
    "__id__exact",
    "__gte",
    "__lt",
    "__license_type__exact",
)


def staff_actor(request: HttpRequest) -> Actor:
    """Return who uses the back office, staff or reseller, as events remember them."""
    user = cast("Any", request.user)
    return actor_of(request, user.actor_type, user.pk)


def is_staff_member(request: HttpRequest) -> bool:
    """Tell whether they are of the vendor's staff: no reseller."""
    return getattr(request.user, "actor_type", None) == ActorType.STAFF


def visible_rows(model: type[Model], request: HttpRequest) -> "QuerySet[Any]":
    """Return the rows of a model that who asks may see.

    A model without `visible_to` is the staff's alone.
    """
    rows: Any = model._meta.default_manager.all()  # type: ignore[union-attr]
    if hasattr(rows, "visible_to"):
        return cast("QuerySet[Any]", rows.visible_to(request.user))
    return cast("QuerySet[Any]", rows if is_staff_member(request) else rows.none())


class ScopedAdmin(admin.ModelAdmin[Row]):
    """Rows that who asks may see by `visible_to`: anybody else's are not there.

    Lists, pages, histories, actions, searches and choices of foreign keys all start at
    `get_queryset`. An address filters by what the list offers and by nothing else: a
    foreign key's columns could be guessed letter by letter.
    """

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Row]":
        rows = visible_rows(self.model, request)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        names = [self.date_hierarchy] if self.date_hierarchy else []
        for item in self.get_list_filter(request) if request else self.list_filter:
            field: Any = item[0] if isinstance(item, (list, tuple)) else item
            names.append(getattr(field, "parameter_name", field))
        return any(lookup == f"{name}{each}" for name in names for each in LOOKUPS)

    def formfield_for_foreignkey(
        self,
        db_field: "ForeignKey[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = visible_rows(db_field.remote_field.model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: "QuerySet[Row]", *args: Any
    ) -> HttpResponse | None:
        """Refuse an action that names somebody else's row, not just leave it out."""
        named = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
        try:
            known = self.get_queryset(request).filter(pk__in=named).count()
        except (ValidationError, ValueError) as error:
            raise Http404 from error
        if known != len(named):
            raise Http404
        return super().response_action(request, queryset, *args)

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> HttpResponse:
        # The stock answer is a redirect that repeats the id.
        raise Http404


class ReadOnlyAdmin(ScopedAdmin[Row]):
    """Rows that are written by services alone: to look at, not to touch."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self,
        request: HttpRequest,
        obj: Row | None = None,
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Row | None = None,
    ) -> bool:
        return False


class CappedPaginator(Paginator[Any]):
    """Count no further than a thousand rows: COUNT(*) reads the whole table."""

    LIMIT = 1000

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Model]", self.object_list).values("pk")[: self.LIMIT])


def rows_between(
    rows: "QuerySet[Row]", found: Sequence[Row], moment: str
) -> "QuerySet[Row]":
    """Return a queryset of rows that were found, of the partitions that they are in."""
    moments = [getattr(row, moment) for row in found]
    if not moments:
        return rows.none()
    bounds = {f"{moment}__gte": min(moments), f"{moment}__lte": max(moments)}
    return rows.filter(pk__in=[row.pk for row in found], **bounds)


class UncountedAdmin(ReadOnlyAdmin[Row]):
    """A large table: no COUNT(*), no filter that offers each value there is."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50


class PartitionedAdmin(UncountedAdmin[Row]):
    """A table too large to be listed: whose rows it shows, somebody says first.

    Shows the newest `MOST` rows that match, which `found` reads off an index.
    """

    MOST = 500

    def found(
        self, request: HttpRequest, matching: "QuerySet[Row]", words: list[str]
    ) -> "QuerySet[Row]":
        """Return the newest rows of what was searched for; `words` are not empty."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Row]", search_term: str
    ) -> "tuple[QuerySet[Row], bool]":
        words = search_term.split()
        if not words:
            return queryset.none(), False
        matching = queryset.select_related(None).order_by()
        found = self.found(request, matching, words)
        related = self.list_select_related or ()
        ordered = found.order_by(*queryset.query.order_by)
        return ordered.select_related(*cast("Sequence[str]", related)), False
