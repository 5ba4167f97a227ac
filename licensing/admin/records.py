"""Plans, and the records of what became of licenses."""

from django.contrib import admin
from django.http import HttpRequest

from licensing.models import LicenseEvent, LicenseHold, Plan, TrialUse
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
    list_display = ("at", "license_id", "type", "actor_type", "reason", "ip")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("license_id", "owner_id", "actor_id", "request_id")
    ordering = ("-at", "-sequence")


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
