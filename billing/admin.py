"""The back office's view of money: what is paid for, by whom, and what came in."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from accounts.models import normalize_email
from billing import queries
from billing.models import Invoice, Payment, ProviderEvent, Renewal, Subscription
from billing.services import by_hand, cancelling, provider_events
from smarttrader.lib import clock
from smarttrader.lib.admin import MOST_HITS, ReadOnlyAdmin, Row, staff_actor
from smarttrader.lib.attention import AttentionFilter, Figure, list_of
from smarttrader.lib.errors import DomainError
from smarttrader.lib.text import clean_text

LONGEST_REFERENCE = 100
NUMBER_OF_INVOICE = re.compile(r"([0-9]{4})-([0-9]{1,9})")


class ScopedAdmin(ReadOnlyAdmin[Row]):
    """Rows that somebody may see, by the one rule that there is for them."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Row]":
        rows: Any = super().get_queryset(request)
        visible: QuerySet[Row] = rows.visible_to(request.user)
        return visible


class PaidForm(forms.Form):
    reference = forms.CharField(
        label=_("Reference"),
        max_length=LONGEST_REFERENCE,
        help_text=_("The bank's or the receipt's number: the same one counts once."),
    )

    def clean_reference(self) -> str:
        return clean_text(self.cleaned_data["reference"], LONGEST_REFERENCE)


@admin.register(Subscription)
class SubscriptionAdmin(ScopedAdmin[Subscription]):
    list_display = (
        "user",
        "plan_type",
        "billing_cycle",
        "status",
        "amount",
        "currency",
        "payment_method",
        "current_period_end",
        "past_due_since",
    )
    list_filter = (
        AttentionFilter,
        "status",
        "plan_type",
        "billing_cycle",
        "payment_method",
    )
    list_select_related = ("user",)
    attention = _("Payment late")
    search_fields = ("user__email", "provider_id")
    ordering = ("-created_at",)
    actions = ("cancel_at_once",)
    change_form_template = "billing/admin_subscription.html"

    def hits(self, request: HttpRequest, text: str) -> "QuerySet[Subscription]":
        return self.get_queryset(request).filter(user__email=normalize_email(text))[
            :MOST_HITS
        ]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_subscription")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.mark_as_paid)
        mine = path("<uuid:pk>/paid/", view, name="billing_subscription_paid")
        return [mine, *super().get_urls()]

    def mark_as_paid(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Take a payment for the next period by hand."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        subscription = get_object_or_404(self.get_queryset(request), pk=pk)
        form = PaidForm(request.POST or None)
        if form.is_valid() and self._take(request, subscription, form):
            return redirect(
                reverse("admin:billing_subscription_change", args=[subscription.pk])
            )
        shown = {
            **self.admin_site.each_context(request),
            "title": _("Mark as paid"),
            "form": form,
            "subscription": subscription,
            "opts": self.opts,
        }
        return TemplateResponse(request, "billing/admin_paid.html", shown)

    @admin.action(
        description=_("Cancel at once, and hold the license"), permissions=["settle"]
    )
    def cancel_at_once(
        self, request: HttpRequest, queryset: "QuerySet[Subscription]"
    ) -> None:
        actor, now = staff_actor(request), clock.now()
        ended = sum(
            cancelling.cancel_now(subscription=each, actor=actor, now=now)
            for each in queryset
        )
        self.message_user(
            request,
            _("%(ended)s of %(all)s cancelled.")
            % {"ended": ended, "all": len(queryset)},
        )

    def _take(
        self, request: HttpRequest, subscription: Subscription, form: PaidForm
    ) -> bool:
        try:
            is_new = by_hand.mark_as_paid(
                subscription=subscription,
                reference=form.cleaned_data["reference"],
                actor=staff_actor(request),
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error("reference", refusal.message)
            return False
        text = _("Paid.") if is_new else _("This payment was taken before.")
        self.message_user(request, text)
        return True


@admin.register(Payment)
class PaymentAdmin(ScopedAdmin[Payment]):
    list_display = (
        "paid_at",
        "buyer_email",
        "amount",
        "refunded_amount",
        "currency",
        "purpose",
        "status",
        "dispute",
        "provider",
        "provider_id",
    )
    list_filter = ("status", "provider", "purpose", "dispute", "currency")
    search_fields = ("buyer_email", "provider_id", "subscription_id", "user_id")
    ordering = ("-created_at",)
    change_list_template = "billing/admin_payments.html"

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        taken = queries.revenue_since(
            self.visible_rows(request), clock.start_of_day(now)
        )
        return [
            Figure(
                _("Revenue today, %(currency)s") % {"currency": currency},
                number_format(amount, 2, force_grouping=True),
                list_of(self),
            )
            for currency, amount in taken.items()
        ] or [Figure(_("Revenue today"), number_format(0), list_of(self))]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revenue)
        return [
            path("revenue/", view, name="billing_payment_revenue"),
            *super().get_urls(),
        ]

    def revenue(self, request: HttpRequest) -> HttpResponse:
        """Show what came in, by month and currency."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = {
            **self.admin_site.each_context(request),
            "title": _("Revenue"),
            "rows": queries.revenue_by_month(self.get_queryset(request)),
            "opts": self.opts,
        }
        return TemplateResponse(request, "billing/admin_revenue.html", shown)


@admin.register(Invoice)
class InvoiceAdmin(ScopedAdmin[Invoice]):
    list_display = ("full_number", "issued_at", "buyer_email", "total", "currency")
    list_filter = ("year", "currency")
    search_fields = ("buyer_email", "payment_id", "user_id", "sequence")
    ordering = ("-year", "-sequence")

    def hits(self, request: HttpRequest, text: str) -> "QuerySet[Invoice]":
        """Return the invoice of a number as it is printed."""
        visible = self.get_queryset(request)
        found = NUMBER_OF_INVOICE.fullmatch(text)
        if found is None:
            return visible.none()
        year, sequence = map(int, found.groups())
        return visible.filter(year=year, sequence=sequence)

    @admin.display(description=_("number"))
    def full_number(self, invoice: Invoice) -> str:
        return invoice.number


@admin.register(Renewal)
class RenewalAdmin(ReadOnlyAdmin[Renewal]):
    list_display = ("subscription", "plan_type", "period_start", "period_end", "price")
    list_filter = ("plan_type",)
    list_select_related = ("subscription",)
    search_fields = ("subscription__user__email", "payment_id")
    ordering = ("-period_start",)


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
    attention = _("Given up")
    search_fields = ("event_id", "user_id")
    ordering = ("-received_at",)
    actions = ("try_again",)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_providerevent")

    @admin.action(description=_("Try again"), permissions=["settle"])
    def try_again(
        self, request: HttpRequest, queryset: "QuerySet[ProviderEvent]"
    ) -> None:
        now = clock.now()
        done = sum(
            provider_events.handle_event(pk=each.pk, now=now) for each in queryset
        )
        self.message_user(
            request,
            _("%(done)s of %(all)s handled.") % {"done": done, "all": len(queryset)},
        )
