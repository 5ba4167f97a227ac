"""The audit: who got in, who took rows away, what forms of the back office changed."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ACTION_FLAG_CHOICES, LogEntry
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import AuthEvent, AuthEventType, ExportedFile, normalize_email
from accounts.queries import user_by_email
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin_audit import AuditAdmin, identifier
from smarttrader.lib.admin_json import changes_in_line
from smarttrader.lib.admin_log import message_of
from smarttrader.lib.keyset import Place

LONGEST_MESSAGE = 200


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
class AuthEventAdmin(AuditAdmin[AuthEvent]):
    list_display = ("at", "type", "email", "told", "actor_type", "ip")
    list_filter = ("type", ExportFilter, "actor_type", "at")
    search_fields = ("email", "user_id", "actor_id", "request_id")
    search_help_text = _("E-mail, or the id of a user or of a request")
    apart = {"type": AuthEventType.values, "actor_type": ActorType.values}

    def named(self, word: str) -> Iterator[Q]:
        if "@" in word:
            # Each by itself: of two at once the index is in no order.
            for email in {word, normalize_email(word)}:
                yield Q(email=email)
            user = user_by_email(word)
            if user is not None:
                yield Q(user_id=user.pk)
        elif known := identifier(word):
            yield Q(user_id=known)
            yield Q(actor_id=known)
        yield Q(request_id=word)

    @admin.display(description=_("what"))
    def told(self, event: AuthEvent) -> str:
        """Return which file was taken, and how many rows; what changed; or why."""
        if "after" in event.detail:
            return changes_in_line(
                event.detail.get("before", {}), event.detail["after"]
            )
        if "rows" not in event.detail:
            return str(event.detail.get("reason", ""))
        rows = event.detail["rows"]
        counted = ngettext("%(n)s row", "%(n)s rows", rows) % {"n": rows}
        return f"{event.detail['file']}, {counted}"


@admin.register(LogEntry)
class LogEntryAdmin(AuditAdmin[LogEntry]):
    """What was changed by forms of the back office; services write their own events."""

    list_display = (
        *("action_time", "user", "content_type", "object_repr"),
        *("action_flag", "message"),
    )
    fields = (
        *("action_time", "user", "content_type", "object_id", "object_repr"),
        *("action_flag", "whole_message"),
    )
    list_filter = ("action_flag", "action_time")
    list_select_related = ("user", "content_type")
    search_fields = ("user__email", "object_id")
    search_help_text = _("E-mail of who did it, or the id of what it was done to")
    moment = "action_time"
    apart = {"action_flag": [flag for flag, _name in ACTION_FLAG_CHOICES]}

    def named(self, word: str) -> Iterator[Q]:
        user = user_by_email(word)
        if user is not None:
            yield Q(user=user)
        yield Q(object_id=word)

    @admin.display(description=_("what"))
    def whole_message(self, entry: LogEntry) -> str:
        return message_of(entry)

    @admin.display(description=_("what"))
    def message(self, entry: LogEntry) -> str:
        """Return what was done, as far as a line goes; its page says all of it."""
        return Truncator(message_of(entry)).chars(LONGEST_MESSAGE)

    # A place is named by a UUID, and these rows by numbers.
    def place_of(self, row: LogEntry) -> Place:
        return Place(row.action_time, uuid.UUID(int=row.pk))

    def key_of(self, place: Place) -> int:
        return place.id.int
