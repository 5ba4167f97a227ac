"""What the back office's pages share."""

from typing import Any, TypeVar, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from smarttrader.lib.actors import Actor, ActorType, actor_of

Row = TypeVar("Row", bound=Model)


class ReadOnlyAdmin(admin.ModelAdmin[Row]):
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


def staff_actor(request: HttpRequest) -> Actor:
    """Return the signed-in member of the staff, as events remember them."""
    return actor_of(request, ActorType.STAFF, request.user.pk)


class CappedPaginator(Paginator[Any]):
    """Count no further than a thousand rows: COUNT(*) reads the whole table."""

    LIMIT = 1000

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Model]", self.object_list).values("pk")[: self.LIMIT])


class PartitionedAdmin(ReadOnlyAdmin[Row]):
    """A partitioned table: no COUNT(*), no filter that offers each value there is."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
