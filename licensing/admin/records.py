"""Plans, and the records of what became of licenses."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import User
from accounts.queries import user_by_email
from licensing.models import (
    License,
    LicenseEvent,
    LicenseEventType,
    LicenseHold,
    Plan,
    TrialUse,
)
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin import ReadOnlyAdmin, ScopedAdmin, is_staff_member
from smarttrader.lib.admin_audit import AuditAdmin, identifier
from smarttrader.lib.admin_log import ValuesInLog


@admin.register(Plan)
class PlanAdmin(ValuesInLog[Plan], ScopedAdmin[Plan]):
    """The four plans may be changed; each type of license needs its own."""

    readonly_fields = ("license_type",)
    list_display = (
        "license_type",
        "max_accounts",
        "grace_days",
        "term_days",
        "monthly_price",
        "yearly_price",
        "lifetime_price",
        "currency",
    )
    ordering = ("license_type",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: Plan | None = None,
    ) -> bool:
        return False


@admin.register(LicenseEvent)
class LicenseEventAdmin(AuditAdmin[LicenseEvent]):
    list_display = ("at", "type", "license", "owner", "actor_type", "reason", "ip")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("license_id", "owner_id", "actor_id", "request_id")
    search_help_text = _("Owner's e-mail, or the id of a license, user or request")
    apart = {"type": LicenseEventType.values, "actor_type": ActorType.values}

    def named(self, word: str) -> Iterator[Q]:
        if user := user_by_email(word):
            yield Q(owner_id=user.pk)
        if known := identifier(word):
            yield Q(license_id=known)
            yield Q(owner_id=known)
            yield Q(actor_id=known)
        yield Q(request_id=word)

    def looked_after(self, request: HttpRequest) -> dict[str, list[uuid.UUID]]:
        people = User.objects.visible_to(signed_in(request))
        return {"owner_id": list(people.values_list("pk", flat=True))}

    def shaped(self, rows: list[LicenseEvent]) -> list[LicenseEvent]:
        licenses = License.objects.only("key_tail").in_bulk(
            {event.license_id for event in rows}
        )
        owners = User.objects.only("email").in_bulk({event.owner_id for event in rows})
        for event in rows:
            shown: Any = event
            shown.known_license = licenses.get(event.license_id)
            shown.known_owner = owners.get(event.owner_id)
        return rows

    def found(
        self, request: HttpRequest, *args: Any, **page: Any
    ) -> list[LicenseEvent]:
        return _without_strangers(request, super().found(request, *args, **page))

    def get_object(
        self, request: HttpRequest, *args: Any, **by: Any
    ) -> LicenseEvent | None:
        event = super().get_object(request, *args, **by)
        return _without_strangers(request, [event])[0] if event else None

    @admin.display(description=_("license"))
    def license(self, event: Any) -> str:
        known = event.known_license
        return f"…{known.key_tail}" if known else gettext("deleted")

    @admin.display(description=_("owner"))
    def owner(self, event: Any) -> str:
        """Return whose license it was then, by the address of today."""
        known = event.known_owner
        return known.email if known else gettext("deleted")


def _without_strangers(
    request: HttpRequest, events: list[LicenseEvent]
) -> list[LicenseEvent]:
    """Leave out from where somebody acted who is neither theirs nor the bot of theirs.

    A reseller is not told the addresses of the staff.
    """
    if is_staff_member(request):
        return events
    actors = {event.actor_id for event in events if event.actor_id}
    theirs = set(
        User.objects.visible_to(signed_in(request))
        .filter(pk__in=actors)
        .values_list("pk", flat=True)
    )
    for event in events:
        if event.actor_type != ActorType.EA and event.actor_id not in theirs:
            event.ip = None
    return events


@admin.register(LicenseHold)
class LicenseHoldAdmin(ReadOnlyAdmin[LicenseHold]):
    list_display = ("placed_at", "license", "source", "reason", "released_at")
    list_filter = ("source",)
    list_select_related = ("license",)
    search_fields = ("license__user__email", "license__key_tail")
    ordering = ("-placed_at",)


@admin.register(TrialUse)
class TrialUseAdmin(ReadOnlyAdmin[TrialUse]):
    list_display = ("used_at", "kind", "license_id")
    list_filter = ("kind",)
    search_fields = ("license_id",)
    ordering = ("-used_at",)
