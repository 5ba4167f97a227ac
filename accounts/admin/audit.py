"""The audit: who got in, who took rows away, what forms of the back office changed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import AuthEvent, AuthEventType, ExportedFile
from smarttrader.lib.admin import ReadOnlyAdmin


class ExportFilter(admin.SimpleListFilter):
    """Keeps the exports of one kind of file."""

    title = _("exported file")
    parameter_name = "file"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return ExportedFile.choices

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[AuthEvent]"
    ) -> "QuerySet[AuthEvent]":
        if self.value() is None:
            return queryset
        if self.value() not in ExportedFile.values:
            raise BadRequest(self.parameter_name)
        return queryset.filter(type=AuthEventType.EXPORTED, detail__file=self.value())


@admin.register(AuthEvent)
class AuthEventAdmin(ReadOnlyAdmin[AuthEvent]):
    list_display = ("at", "type", "told", "email", "actor_type", "ip")
    list_filter = ("type", ExportFilter, "actor_type", "at")
    search_fields = ("email", "user_id", "actor_id", "request_id")
    ordering = ("-at", "-id")

    @admin.display(description=_("what"))
    def told(self, event: AuthEvent) -> str:
        """Return which file was taken, and how many rows of it; or the reason."""
        if "rows" not in event.detail:
            return str(event.detail.get("reason", ""))
        rows = event.detail["rows"]
        counted = ngettext("%(n)s row", "%(n)s rows", rows) % {"n": rows}
        return f"{event.detail['file']}, {counted}"


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin[LogEntry]):
    """What was changed by forms of the back office; services write their own events."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_filter = ("action_flag", "action_time")
    list_select_related = ("user", "content_type")
    search_fields = ("user__email", "object_id")
    ordering = ("-action_time", "-id")
