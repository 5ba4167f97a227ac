"""The back office's view of what people were told."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from notifications.models import Delivery, DeliveryState, Notification
from notifications.services import resending
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, UncountedAdmin
from smarttrader.lib.admin_forms import ConfirmForm, asking
from smarttrader.lib.attention import AttentionFilter
from smarttrader.lib.badges import badge_column


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin[Notification]):
    list_display = ("created_at", "user", "type", "title", "is_read")
    list_filter = ("type", "is_read")
    list_select_related = ("user",)
    search_fields = ("user__email", "title")
    ordering = ("-created_at",)


STATE = badge_column(
    "state",
    _("state"),
    {
        DeliveryState.SENT: "ok",
        DeliveryState.WAITING: "info",
        DeliveryState.DEAD: "bad",
    },
)


def _send_again(
    _request: HttpRequest, delivery: Delivery, _told: dict[str, Any]
) -> None:
    resending.send_again(delivery=delivery, now=clock.now())


@admin.register(Delivery)
class DeliveryAdmin(UncountedAdmin[Delivery]):
    list_display = ("created_at", "recipient", "subject", STATE, "attempts", "error")
    list_filter = (AttentionFilter, "state", "channel", "is_urgent")
    attention = _("Given up")
    search_fields = ("recipient", "subject")
    ordering = ("-id",)  # as they were made, off the index
    # A message that waits may hold a sign-in code; the address stops a digest.
    exclude = ("text", "html", "unsubscribe_url")
    actions = ("send_again",)
    change_form_template = "admin/deliveries/change_form.html"

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_delivery")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        delivery = self.get_object(request, object_id or "")
        shown: dict[str, Any] = {}
        if delivery is not None and delivery.state == DeliveryState.DEAD:
            shown["refusal"] = _refusal(delivery)
            shown["may_send_again"] = not shown["refusal"] and self.has_send_permission(
                request
            )
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    send_again = asking(
        "send_again",
        _("Send again"),
        _send_again,
        form_class=ConfirmForm,
        warning=_(
            "A worker sends them within a minute, under the identifier that they had."
            " The texts were erased: what an event told is taken from its user's inbox,"
            " a digest is written anew from the trades, a webhook kept what it tells."
            " Codes and other mails of an account cannot be sent again."
        ),
        permission="send",
    )


def _refusal(delivery: Delivery) -> str:
    """Return why a message cannot be sent again; nothing when it can."""
    try:
        resending.content_again(delivery, now=clock.now())
    except resending.NotSentAgain as error:
        return str(error.message)
    return ""
