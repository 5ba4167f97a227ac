"""Subscriptions: paid by hand, changed, cancelled."""

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, normalize_email
from accounts.reseller_filters import CustomersResellerFilter
from billing import queries
from billing.admin import subscription_actions
from billing.admin.addresses import own_url
from billing.admin.forms import BuyerForm, ChangeForm, PaidForm, StartForm
from billing.models import Subscription, SubscriptionStatus
from billing.services import by_hand, cycles, plans
from licensing.models import LicenseType
from smarttrader.lib import clock
from smarttrader.lib.admin import (
    MOST_HITS,
    ReadOnlyAdmin,
    is_staff_member,
    staff_actor,
    visible_rows,
)
from smarttrader.lib.admin_forms import asking_page
from smarttrader.lib.attention import AttentionFilter
from smarttrader.lib.badges import badge_column
from smarttrader.lib.errors import DomainError

Rows = QuerySet[Subscription]
STATUS = badge_column(
    "status",
    gettext_lazy("status"),
    {
        SubscriptionStatus.ACTIVE: "ok",
        SubscriptionStatus.SUSPENDED: "bad",
        SubscriptionStatus.CANCELLED: "caution",
    },
)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    list_display = (
        "user",
        "plan_type",
        "billing_cycle",
        STATUS,
        "price",
        "payment_method",
        "ends",
        "past_due_since",
    )
    list_filter = (
        AttentionFilter,
        "status",
        "plan_type",
        "billing_cycle",
        "payment_method",
        CustomersResellerFilter,
    )
    list_select_related = ("user",)
    attention = gettext_lazy("Payment late")
    search_fields = ("user__email", "provider_id")
    ordering = ("-created_at",)
    actions = ("cancel_at_end", "undo_cancellation", "keep_plan", "cancel_at_once")
    change_list_template = "billing/admin_subscriptions.html"
    change_form_template = "billing/admin_subscription.html"

    @admin.display(description=gettext_lazy("price"), ordering="amount")
    def price(self, row: Subscription) -> str:
        return f"{number_format(row.amount, 2, force_grouping=True)} {row.currency}"

    @admin.display(
        description=gettext_lazy("paid until"), ordering="current_period_end"
    )
    def ends(self, row: Subscription) -> datetime | str:
        return _("Never ends") if row.is_lifetime else row.current_period_end

    def hits(self, request: HttpRequest, text: str) -> Rows:
        return self.get_queryset(request).filter(user__email=normalize_email(text))[
            :MOST_HITS
        ]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_subscription")

    def has_take_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.mark_paid_subscription")

    def get_urls(self) -> list[URLPattern]:
        own = partial(own_url, self, "billing_subscription")
        return [
            own("start/", self.start, "start"),
            own("<uuid:pk>/paid/", self.mark_as_paid, "paid"),
            own("<uuid:pk>/change-plan/", self.change_plan, "change_plan"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"may_settle": self.has_settle_permission(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        shown = {
            "may_settle": self.has_settle_permission(request),
            "may_take": self.has_take_permission(request),
        }
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    # --- Money by hand ----------------------------------------------------------------
    def mark_as_paid(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Take a payment for the next period by hand."""
        if not self.has_take_permission(request):
            raise PermissionDenied
        own = get_object_or_404(self.get_queryset(request), pk=pk)
        form = PaidForm(request.POST or None)

        def take() -> bool:
            return by_hand.mark_as_paid(
                subscription=own,
                reference=form.cleaned_data["reference"],
                actor=staff_actor(request),
                now=clock.now(),
            )

        if form.is_valid() and self._took(request, form, take):
            return self._shown(own)
        return asking_page(
            self,
            request,
            form,
            title=_("Mark as paid"),
            warning=_what_is_paid(own, is_charged=not is_staff_member(request)),
        )

    def change_plan(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Give another plan or cycle, at once as paid or from the end."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        own = get_object_or_404(self.get_queryset(request), pk=pk)
        now = clock.now()
        form = ChangeForm(request.POST or None, offers=queries.offers_of(own, now))

        def change() -> bool:
            return self._change(request, own, form)

        if form.is_valid() and self._took(request, form, change):
            return self._shown(own)
        nothing = _("Nothing: it is not active and paid for, or has no other price.")
        return asking_page(
            self,
            request,
            form,
            title=_("Change plan or cycle"),
            rows=[own],
            warning="" if form.offers else nothing,
        )

    def start(self, request: HttpRequest) -> HttpResponse:
        """Begin a subscription that was paid by hand, once it is known for whom."""
        if not self.has_settle_permission(request):
            raise PermissionDenied
        title, buyer_form = _("Start a subscription"), BuyerForm(request.POST or None)
        buyer = self._buyer(request, buyer_form)
        if buyer is None:
            return asking_page(self, request, buyer_form, title=title)
        is_answer = "plan_type" in request.POST
        form = StartForm(request.POST if is_answer else None, buyer=buyer)

        def begin() -> bool:
            actor, now = staff_actor(request), clock.now()
            return bool(by_hand.start_paid(**form.order, actor=actor, now=now))

        if form.is_valid() and self._took(request, form, begin):
            return redirect("admin:billing_subscription_changelist")
        return asking_page(self, request, form, title=title, warning=str(buyer))

    def _buyer(self, request: HttpRequest, form: BuyerForm) -> User | None:
        if not form.is_valid():
            return None
        email = normalize_email(form.cleaned_data["email"])
        buyer: User | None = visible_rows(User, request).filter(email=email).first()
        if buyer is None:
            form.add_error("email", _("There is no such customer."))
        return buyer

    def _change(
        self, request: HttpRequest, own: Subscription, form: ChangeForm
    ) -> bool:
        offer, actor, now = form.offer, staff_actor(request), clock.now()
        plan_type = LicenseType(offer.plan.license_type)
        if offer.is_now:
            return by_hand.change_paid(
                subscription=own,
                plan_type=plan_type,
                billing_cycle=offer.cycle,
                reference=form.cleaned_data["reference"],
                actor=actor,
                now=now,
            )
        if offer.cycle != own.billing_cycle:
            cycles.schedule_cycle(
                subscription=own, billing_cycle=offer.cycle, actor=actor, now=now
            )
        else:
            plans.schedule_downgrade(
                subscription=own, plan_type=plan_type, actor=actor, now=now
            )
        return True

    def _took(
        self, request: HttpRequest, form: forms.Form, take: Callable[[], bool]
    ) -> bool:
        """Act, and tell whether it is done; a refusal is put on the form."""
        try:
            is_new = take()
        except DomainError as refusal:
            form.add_error(None, refusal.message)
            return False
        text = _("Done.") if is_new else _("This payment was taken before.")
        messages.success(request, text)
        return True

    def _shown(self, own: Subscription) -> HttpResponse:
        return redirect(reverse("admin:billing_subscription_change", args=[own.pk]))

    # --- Actions ----------------------------------------------------------------------
    cancel_at_end = subscription_actions.cancel_at_end
    undo_cancellation = subscription_actions.undo_cancellation
    keep_plan = subscription_actions.keep_plan
    cancel_at_once = subscription_actions.cancel_at_once


def _what_is_paid(own: Subscription, *, is_charged: bool) -> str:
    text = _(
        "%(who)s: %(amount)s %(currency)s for the period from %(day)s; when the"
        " days of grace are over, from today."
    )
    if is_charged:
        text += " " + _("It takes one credit of your allotment: %(plan)s, %(cycle)s.")
    return text % {
        "who": own.user,
        "amount": own.amount_to_pay,
        "currency": own.currency,
        "day": f"{own.current_period_end:%Y-%m-%d}",
        "plan": own.plan_to_pay.label,
        "cycle": own.cycle_to_pay.label,
    }
