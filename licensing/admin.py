"""The back office's view of licenses and plans."""

from django.contrib import admin

from licensing.models import License, Plan
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(License)
class LicenseAdmin(ReadOnlyAdmin[License]):
    list_display = ("masked_key", "user", "license_type", "status", "expires_at")
    list_filter = ("license_type", "status")
    list_select_related = ("user",)
    search_fields = ("user__email", "key_tail")
    ordering = ("-issued_at",)
    exclude = ("license_key",)


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    list_display = ("license_type", "max_accounts", "grace_days", "term_days")
    ordering = ("license_type",)
