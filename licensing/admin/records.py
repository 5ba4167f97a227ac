"""Plans, and the records of what became of licenses."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from licensing.models import License, LicenseEvent, LicenseHold, Plan, TrialUse
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
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
class LicenseEventAdmin(ReadOnlyAdmin[LicenseEvent]):
    list_display = ("at", "license", "owner", "type", "actor_type", "reason", "ip")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("license_id", "owner_id", "actor_id", "request_id")
    ordering = ("-at", "-sequence")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[LicenseEvent]":
        rows = super().get_queryset(request)
        license = License.objects.filter(pk=OuterRef("license_id"))
        owner = User.objects.filter(pk=OuterRef("owner_id"))
        return rows.annotate(
            tail=Subquery(license.values("key_tail")),
            owner_email=Subquery(owner.values("email")),
        )

    @admin.display(description=_("license"))
    def license(self, event: Any) -> str:
        return f"…{event.tail}" if event.tail else gettext("deleted")

    @admin.display(description=_("owner"))
    def owner(self, event: Any) -> str:
        """Return whose license it was then, by the address of today."""
        return str(event.owner_email or gettext("deleted"))


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
