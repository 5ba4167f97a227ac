"""What providers sent."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import ProviderEvent
from billing.services import provider_events
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin
from smarttrader.lib.attention import AttentionFilter


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnlyAdmin[ProviderEvent]):
    """What did not work stays here until somebody tries it again."""

    list_display = (
        "received_at",
        "type",
        "event_id",
        "handled_at",
        "attempts",
        "error",
    )
    list_filter = (
        AttentionFilter,
        "provider",
        ("handled_at", admin.EmptyFieldListFilter),
        "type",
    )
    attention = gettext_lazy("Given up")
    search_fields = ("event_id", "user_id")
    ordering = ("-received_at",)
    actions = ("try_again",)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_providerevent")

    @admin.action(description=gettext_lazy("Try again"), permissions=["settle"])
    def try_again(
        self, request: HttpRequest, queryset: "QuerySet[ProviderEvent]"
    ) -> None:
        now = clock.now()
        done = sum(
            provider_events.handle_event(pk=each.pk, now=now) for each in queryset
        )
        text = _("%(done)s of %(all)s handled.")
        self.message_user(request, text % {"done": done, "all": len(queryset)})
