"""What providers sent."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import ProviderEvent
from billing.services import provider_events
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin
from smarttrader.lib.admin_forms import (
    MOST_ROWS,
    ConfirmForm,
    asking_page,
    log_action,
    refuse_so_many,
)
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
    ) -> HttpResponse | None:
        """Ask, then handle each by itself: one that fails again keeps no other back."""
        # In the provider's order: what came later may rest on what came before.
        events = list(queryset.order_by("occurred_at", "id")[: MOST_ROWS + 1])
        if len(events) > MOST_ROWS:
            refuse_so_many(request)
            return None
        if "confirmed" not in request.POST:
            return asking_page(
                self,
                request,
                ConfirmForm(),
                title=_("Try again"),
                action="try_again",
                rows=events,
                warning=_(
                    "What each of these tells is done now, as if it had just come: it"
                    " may start, renew or end a subscription, or book a payment. What"
                    " was handled before is left alone."
                ),
            )
        now = clock.now()
        done = sum(provider_events.try_again(pk=each.pk, now=now) for each in events)
        log_action(request, events, _("Try again"))
        text = _("%(done)s of %(all)s handled.")
        self.message_user(request, text % {"done": done, "all": len(events)})
        return None
