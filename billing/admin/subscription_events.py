"""Who changed plan or cycle of a subscription, and when."""

from django.contrib import admin

from billing.models import SubscriptionEvent
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(SubscriptionEvent)
class SubscriptionEventAdmin(ReadOnlyAdmin[SubscriptionEvent]):
    list_display = ("at", "subscription_id", "type", "actor_type", "before", "after")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("subscription_id", "user_id", "actor_id")
    ordering = ("-at", "-id")
