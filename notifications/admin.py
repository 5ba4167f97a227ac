"""The back office's view of what people were told."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from notifications.models import Delivery, Notification
from smarttrader.lib.admin import ReadOnlyAdmin
from smarttrader.lib.attention import AttentionFilter


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin[Notification]):
    list_display = ("created_at", "user", "type", "title", "is_read")
    list_filter = ("type", "is_read")
    list_select_related = ("user",)
    search_fields = ("user__email", "title")
    ordering = ("-created_at",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    list_display = ("created_at", "recipient", "subject", "state", "attempts", "error")
    list_filter = (AttentionFilter, "state", "is_urgent")
    attention = _("Given up")
    search_fields = ("recipient", "subject")
    ordering = ("-created_at",)
    # A message that waits may hold a sign-in code; the address stops a digest.
    exclude = ("text", "html", "unsubscribe_url")
