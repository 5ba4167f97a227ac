"""Payments, money paid back, and what they amount to by month."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import signed_in
from accounts.models import ExportedFile
from accounts.services.exports import record_export
from billing import queries
from billing.admin.addresses import own_url
from billing.admin.forms import RefundForm
from billing.models import BY_RESELLER, Payment, PaymentStatus, Provider
from billing.services.refunds import refund
from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.admin import ReadOnlyAdmin, staff_actor
from smarttrader.lib.admin_forms import asking_page
from smarttrader.lib.attention import Figure, list_of
from smarttrader.lib.badges import badge_column
from smarttrader.lib.errors import DomainError
from smarttrader.lib.spreadsheets import Cell

REVENUE = ["month", "currency", "collector", "payments", "paid"]
REVENUE += ["refunded", "lost", "net"]
COLLECTORS: dict[str, Any] = {
    **{str(each): each.label for each in Provider},
    BY_RESELLER: gettext_lazy("By a reseller"),
}


STATUS = badge_column(
    "status",
    gettext_lazy("status"),
    {
        PaymentStatus.SUCCEEDED: "ok",
        PaymentStatus.PENDING: "info",
        PaymentStatus.FAILED: "bad",
        PaymentStatus.REFUNDED: "caution",
    },
)


class CollectorFilter(admin.SimpleListFilter):
    title = gettext_lazy("collected")
    parameter_name = "collector"

    def lookups(self, *_args: Any) -> list[tuple[str, Any]]:
        return [("vendor", gettext_lazy("By us")), *COLLECTORS.items()]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[Payment]"
    ) -> "QuerySet[Payment]":
        chosen = self.value()
        if chosen is None:
            return queryset
        if chosen == BY_RESELLER:
            return queryset.filter(reseller_id__isnull=False)
        if chosen != "vendor" and chosen not in Provider:
            raise BadRequest(self.parameter_name)
        by_us = queryset.filter(reseller_id=None)
        return by_us if chosen == "vendor" else by_us.filter(provider=chosen)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    list_display = (
        "paid_at",
        "buyer_email",
        "amount",
        "refunded_amount",
        "currency",
        "purpose",
        STATUS,
        "dispute",
        "collected",
    )
    list_filter = (
        "status",
        CollectorFilter,
        "purpose",
        "dispute",
        "currency",
        "paid_at",
    )
    search_fields = ("buyer_email", "provider_id", "subscription_id", "user_id")
    ordering = ("-created_at",)
    change_list_template = "billing/admin_payments.html"
    change_form_template = "billing/admin_payment.html"

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        today = clock.start_of_day(now)
        taken = queries.revenue_since(
            Payment.objects.visible_to(signed_in(request)), today
        )
        address = list_of(self, paid_at__gte=today, collector="vendor")
        return [
            Figure(
                _("Revenue today, %(currency)s") % {"currency": currency},
                number_format(amount, 2, force_grouping=True),
                address,
            )
            for currency, amount in taken.items()
        ] or [Figure(_("Revenue today"), number_format(0), address)]

    @admin.display(description=gettext_lazy("collected"), ordering="provider")
    def collected(self, payment: Payment) -> Any:
        return COLLECTORS[payment.collected_by]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_payment")

    def get_urls(self) -> list[URLPattern]:
        own = partial(own_url, self, "billing_payment")
        return [
            own("revenue/", self.revenue, "revenue"),
            own("revenue.csv", self.revenue_file, "revenue_file"),
            own("<uuid:pk>/refund/", self.refund, "refund"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        shown = {"may_settle": self.has_settle_permission(request)}
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    def refund(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Pay back a part of a payment, or all of it."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        payment = get_object_or_404(self.get_queryset(request), pk=pk)
        form = RefundForm(request.POST or None, payment=payment)
        if form.is_valid() and self._refunded(request, payment, form):
            return redirect(reverse("admin:billing_payment_change", args=[payment.pk]))
        warning = _(
            "All of it: the subscription is cancelled at once and its license revoked."
            " A part: the buyer gets a credit note, and nothing else changes."
        )
        return asking_page(
            self,
            request,
            form,
            title=_("Pay back"),
            rows=[f"{payment.buyer_email} {payment.amount} {payment.currency}"],
            warning=warning,
        )

    def _refunded(
        self, request: HttpRequest, payment: Payment, form: RefundForm
    ) -> bool:
        told = form.cleaned_data
        try:
            is_new = refund(
                payment=payment, actor=staff_actor(request), now=clock.now(), **told
            )
        except DomainError as refusal:
            form.add_error(None, refusal.message)
            return False
        if is_new:
            done = f"Refunded {told['amount']} {payment.currency}: {told['reason']}"
            self.log_change(request, payment, done)
        text = _("Paid back.") if is_new else _("This was paid back before.")
        messages.success(request, text)
        return True

    # --- Revenue ----------------------------------------------------------------------
    def revenue(self, request: HttpRequest) -> HttpResponse:
        """Show what came in, by month, currency and provider."""
        shown = {
            **self.admin_site.each_context(request),
            "title": _("Revenue"),
            "rows": [
                row | {"collected": COLLECTORS[row["collector"]]}
                for row in self._revenue(request)
            ],
            "opts": self.opts,
        }
        return TemplateResponse(request, "billing/admin_revenue.html", shown)

    def revenue_file(self, request: HttpRequest) -> HttpResponseBase:
        """Hand the same over as a file, by POST: the audit notes it."""
        rows = list(self._revenue(request))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        record_export(
            file=ExportedFile.REVENUE,
            rows=len(rows),
            user=signed_in(request),
            actor=staff_actor(request),
            now=clock.now(),
        )

        def cells() -> Iterator[list[Cell]]:
            for row in rows:
                yield [f"{row['month']:%Y-%m}", *(row[name] for name in REVENUE[1:])]

        lines = spreadsheets.lines(REVENUE, cells())
        return spreadsheets.download(ExportedFile.REVENUE, lines)

    def _revenue(self, request: HttpRequest) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return queries.revenue_by_month(Payment.objects.visible_to(signed_in(request)))
