"""Periods that were paid for."""

from datetime import datetime

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import LIFETIME_END, Renewal
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(Renewal)
class RenewalAdmin(ReadOnlyAdmin[Renewal]):
    list_display = (
        "subscription",
        "owner",
        "period_start",
        "ends",
        "price",
        "credited_at",
    )
    list_filter = ("plan_type",)
    list_select_related = ("subscription__user",)
    search_fields = ("subscription__user__email", "payment_id")
    ordering = ("-period_start",)

    @admin.display(description=gettext_lazy("owner"))
    def owner(self, row: Renewal) -> str:
        return str(row.subscription.user)

    @admin.display(description=gettext_lazy("period end"), ordering="period_end")
    def ends(self, row: Renewal) -> datetime | str:
        return _("Never ends") if row.period_end >= LIFETIME_END else row.period_end
