"""What the back office's pages share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import InvalidPage, Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.options import Options
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property

from smarttrader.lib.actors import Actor, ActorType, actor_of
from smarttrader.lib.admin_json import readable
from smarttrader.lib.admin_log import message_of
from smarttrader.lib.attention import Figure, Text
from smarttrader.lib.keyset import NotAPlace, Place

Row = TypeVar("Row", bound=Model)
# How many rows of a model a search of all models shows.
MOST_HITS = 10
# How many pages back a list of a large table knows its way.
LONGEST_TRAIL = 20
PLACES_APART = "~"
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


@dataclass(frozen=True)
class Hits:
    """What a search of all models found of one."""

    opts: "Options[Any]"
    rows: list[Any]


class ScopedAdmin(admin.ModelAdmin[Row]):
    """Rows that who asks may see by `visible_to`: anybody else's are not there.

    Lists, pages, histories, actions, searches and choices of foreign keys all start at
    `get_queryset`. An address filters by what the list offers and by nothing else: a
    foreign key's columns could be guessed letter by letter.
    """

    # What its rows `needing_attention` are called; a model without any has no name.
    attention: Text = ""

    def visible_rows(self, request: HttpRequest) -> "QuerySet[Row]":
        return visible_rows(self.model, request)

    def figures(self, request: HttpRequest, now: datetime) -> Iterable[Figure]:
        """Return what the index tells of the model."""
        return ()

    def hits(self, request: HttpRequest, text: str) -> Iterable[Row]:
        """Return the few rows that a text names: who, which number, which key."""
        return ()

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Row]":
        rows = self.visible_rows(request)
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

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Refuse a filter's value that means nothing: the stock answer is all rows."""
        try:
            listed = super().get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            if not isinstance(error.__context__, InvalidPage):
                raise BadRequest from error
            # The last page went with its rows: the first of the same filter is shown.
            first: Any = request.GET.copy()
            del first[PAGE_VAR]
            request.GET = first
            return super().get_changelist_instance(request)
        for spec in listed.filter_specs:
            if isinstance(spec, admin.ChoicesFieldListFilter):
                _refuse_no_choice(spec)
        return listed

    def formfield_for_foreignkey(
        self,
        db_field: "ForeignKey[Any, Any]",
        request: HttpRequest,
        **kwargs: Any,
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = visible_rows(db_field.remote_field.model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Tell a reseller which role did it, not who of the staff by which address."""
        response: Any = super().history_view(request, object_id, extra_context)
        for entry in response.context_data["action_list"]:
            who = entry.user
            is_told = is_staff_member(request) or who == request.user
            entry.who = who if is_told else who.actor_type.label
            entry.told = message_of(entry)
        return cast("HttpResponse", response)

    def response_action(
        self, request: HttpRequest, queryset: "QuerySet[Row]", *args: Any
    ) -> HttpResponse | None:
        """Refuse an action that names somebody else's row, not just leave it out.

        Act on all rows that are named, also on one that the filters of the list have
        lost since: between its page and the answer to what the action asks.
        """
        named = set(request.POST.getlist(ACTION_CHECKBOX_NAME))
        rows = self.get_queryset(request)
        try:
            known = rows.filter(pk__in=named).count()
        except (ValidationError, ValueError) as error:
            raise Http404 from error
        if known != len(named):
            raise Http404
        are_all_meant = request.POST.get("select_across", "0") not in ("", "0")
        if not are_all_meant:
            related = self.get_list_select_related(request)
            named_too = () if isinstance(related, bool) else related
            queryset = rows.select_related(*named_too) if named_too else rows
        return super().response_action(request, queryset, *args)

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> HttpResponse:
        # The stock answer is a redirect that repeats the id.
        raise Http404


def _refuse_no_choice(spec: admin.ChoicesFieldListFilter) -> None:
    choices = {str(value) for value, _label in spec.field.flatchoices}
    if not choices.issuperset(map(str, spec.lookup_val or ())):
        raise BadRequest(spec.lookup_kwarg)


class ReadOnlyAdmin(ScopedAdmin[Row]):
    """Rows that are written by services alone: to look at, not to touch."""

    def get_fields(self, request: HttpRequest, obj: Row | None = None) -> list[Any]:
        return readable(self.model, super().get_fields(request, obj))

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


class UncountedAdmin(ReadOnlyAdmin[Row]):
    """A large table: no COUNT(*), no filter that offers each value there is."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50


class KeysetChangeList(ChangeList):
    """A page of a list that goes on after a row: no COUNT(*), no OFFSET.

    The address names the row (`after`), and those that the pages before went on after
    (`trail`), which lead back.
    """

    def get_queryset(self, request: HttpRequest, *args: Any) -> "QuerySet[Any]":
        self.after = self._places("after")[-1:]
        self.trail = self._places("trail")
        for name in ("after", "trail"):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, *args)

    def get_results(self, request: HttpRequest) -> None:
        words = self.query.split()
        self.is_told_whose = bool(words) or self._admin.is_listed_whole
        found = self._page(request, words) if self.is_told_whose else []
        self.result_list = found[: self.list_per_page]
        self.has_next = len(found) > self.list_per_page
        # Equal, so that nobody is told a number: it would be that of the page.
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all = self.multi_page = False

    @property
    def first_link(self) -> str:
        return self.get_query_string() if self.after else ""

    @property
    def previous_link(self) -> str:
        if not self.trail:
            return self.first_link
        *before, last = self.trail
        return self._link(last, before)

    @property
    def next_link(self) -> str:
        if not self.has_next:
            return ""
        return self._link(self._admin.place_of(self.result_list[-1]), self._way)

    @property
    def _admin(self) -> "KeysetAdmin[Any]":
        return cast("KeysetAdmin[Any]", self.model_admin)

    @property
    def _way(self) -> list[Place]:
        return [*self.trail, *self.after][-LONGEST_TRAIL:]

    def _page(self, request: HttpRequest, words: list[str]) -> list[Any]:
        matching = self.queryset.select_related(None).order_by()
        after = self.after[0] if self.after else None
        limit = self.list_per_page + 1
        return self._admin.found(request, matching, words, after=after, limit=limit)

    def _link(self, after: Place, trail: list[Place]) -> str:
        way = PLACES_APART.join(map(str, trail))
        return self.get_query_string({"after": str(after), "trail": way or None})

    def _places(self, name: str) -> list[Place]:
        written = filter(None, self.params.get(name, "").split(PLACES_APART))
        try:
            return [Place.read(text) for text in written][-LONGEST_TRAIL:]
        except NotAPlace as error:
            raise BadRequest(name) from error


class KeysetAdmin(UncountedAdmin[Row]):
    """A table too large to be listed: whose rows it shows, somebody says first.

    `found` reads a page off an index, by `moment` and id, the newest first.
    """

    moment = ""
    is_listed_whole = False
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    change_list_template = "admin/keyset_change_list.html"

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[Row]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[Row]:
        """Return a page of what was searched for.

        `words` are empty only where `is_listed_whole`.
        """
        raise NotImplementedError

    def place_of(self, row: Row) -> Place:
        return Place(getattr(row, self.moment), row.pk)

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Row]", search_term: str
    ) -> "tuple[QuerySet[Row], bool]":
        return queryset, False
