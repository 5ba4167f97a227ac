"""The back office's view of subscriptions."""

from django.contrib import admin

from billing.models import Subscription
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    list_display = (
        "user",
        "plan_type",
        "billing_cycle",
        "status",
        "current_period_end",
    )
    list_filter = ("status", "plan_type", "billing_cycle")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at",)
