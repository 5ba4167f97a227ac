"""Resellers, and what they may issue."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.reseller_filters import ResellerFilter
from licensing.models import (
    Allotment,
    Cycle,
    LicenseType,
    Reseller,
)
from licensing.services import allotments, resellers
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, is_staff_member, staff_actor
from smarttrader.lib.admin_forms import (
    DONE_ALREADY,
    FormKey,
    ReasonForm,
    asking,
    asking_page,
)
from smarttrader.lib.attention import Figure, list_of
from smarttrader.lib.errors import DomainError


class SuspendResellerForm(ReasonForm):
    with_licenses = forms.BooleanField(
        label=_("With licenses"),
        required=False,
        help_text=_("Also suspend each license of theirs and of their customers."),
    )


class ReduceForm(ReasonForm):
    form_key = FormKey()
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=1, max_value=allotments.MOST_AT_ONCE
    )


class GrantForm(forms.Form):
    form_key = FormKey()
    reseller = forms.ModelChoiceField(Reseller.objects.none(), label=_("Reseller"))
    license_type = forms.ChoiceField(
        label=_("Plan"),
        choices=[each for each in LicenseType.choices if each[0] != LicenseType.TRIAL],
    )
    cycle = forms.ChoiceField(choices=Cycle.choices, label=_("Cycle"))
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=1, max_value=allotments.MOST_AT_ONCE
    )
    reason = forms.CharField(max_length=500, label=_("Reason"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sellers = Reseller.objects.filter(is_active=True).order_by("email")
        field: Any = self.fields["reseller"]
        field.queryset = sellers


def _suspend(request: HttpRequest, reseller: Reseller, told: dict[str, Any]) -> None:
    resellers.suspend_reseller(
        reseller=reseller, actor=staff_actor(request), now=clock.now(), **told
    )


def _reinstate(request: HttpRequest, reseller: Reseller, told: dict[str, Any]) -> None:
    resellers.reinstate_reseller(
        reseller=reseller, actor=staff_actor(request), now=clock.now(), **told
    )


def _reduce(request: HttpRequest, allotment: Allotment, told: dict[str, Any]) -> bool:
    return allotments.reduce_allotment(
        allotment=allotment,
        quantity=told["quantity"],
        reason=told["reason"],
        idempotency_key=f"{told['form_key']}:{allotment.pk}",
        actor=staff_actor(request),
        now=clock.now(),
    )


@admin.register(Reseller)
class ResellerAdmin(ReadOnlyAdmin[Reseller]):
    list_display = ("email", "full_name", "is_active", "customers_count")
    list_filter = ("is_active",)
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    fields = ("email", "first_name", "last_name", "is_active", "last_login")
    actions = ("suspend", "reinstate")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Reseller]":
        rows = super().get_queryset(request)
        return rows.annotate(customers_found=Count("customers"))

    @admin.display(description=_("name"))
    def full_name(self, reseller: Reseller) -> str:
        return reseller.get_full_name()

    @admin.display(description=_("customers"))
    def customers_count(self, reseller: Any) -> str:
        people = reverse("admin:accounts_user_changelist")
        query = urlencode({ResellerFilter.parameter_name: reseller.pk})
        return format_html(
            '<a href="{}?{}">{}</a>', people, query, reseller.customers_found
        )

    def has_act_permission(self, request: HttpRequest) -> bool:
        is_staff = is_staff_member(request)
        return is_staff and request.user.has_perm("licensing.change_reseller")

    suspend = asking(
        "suspend",
        _("Suspend"),
        _suspend,
        form_class=SuspendResellerForm,
        warning=_("A suspended reseller neither signs in nor issues licenses."),
    )
    reinstate = asking(
        "reinstate",
        _("Reinstate"),
        _reinstate,
        warning=_("Licenses that were suspended with the reseller work again."),
    )


@admin.register(Allotment)
class AllotmentAdmin(ReadOnlyAdmin[Allotment]):
    list_display = ("reseller", "plan", "cycle", "total", "used", "is_left")
    list_filter = ("plan", "cycle")
    list_select_related = ("reseller", "plan")
    search_fields = ("reseller__email",)
    ordering = ("reseller__email", "plan", "cycle")
    actions = ("reduce",)
    change_list_template = "admin/allotments/change_list.html"

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        """Return what a reseller may sell yet."""
        if is_staff_member(request):
            return []
        own = self.get_queryset(request)
        return [
            Figure(_("%(plan)s left") % {"plan": each}, each.left, list_of(self))
            for each in own
        ]

    @admin.display(description=_("left"))
    def is_left(self, allotment: Allotment) -> int:
        return allotment.left

    def has_grant_permission(self, request: HttpRequest) -> bool:
        is_staff = is_staff_member(request)
        return is_staff and request.user.has_perm("licensing.change_allotment")

    def get_urls(self) -> list[URLPattern]:
        grant = self.admin_site.admin_view(self.grant_view)
        own = [path("grant/", grant, name="licensing_allotment_grant")]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"may_grant": self.has_grant_permission(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def grant_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_grant_permission(request):
            raise PermissionDenied
        form = GrantForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            told = form.cleaned_data
            try:
                is_new = allotments.grant_allotment(
                    reseller=told["reseller"],
                    license_type=LicenseType(told["license_type"]),
                    cycle=Cycle(told["cycle"]),
                    quantity=told["quantity"],
                    reason=told["reason"],
                    idempotency_key=str(told["form_key"]),
                    actor=staff_actor(request),
                    now=clock.now(),
                )
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                granted = _("%(quantity)s granted.") % {"quantity": told["quantity"]}
                messages.success(request, granted if is_new else DONE_ALREADY)
                return HttpResponseRedirect(
                    reverse("admin:licensing_allotment_changelist")
                )
        return asking_page(self, request, form, title=_("Grant credits"))

    reduce = asking(
        "reduce",
        _("Reduce"),
        _reduce,
        form_class=ReduceForm,
        warning=_("What is used stays."),
        permission="grant",
    )
