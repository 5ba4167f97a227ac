"""Licenses: found by owner or account, changed by actions that ask first."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.timesince import timeuntil
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from bots.admin.license_actions import LicenseActions
from bots.admin.license_forms import IssueForm
from licensing.models import Allotment, License
from licensing.services import reselling
from licensing.services.issuing import IssuedLicense
from licensing.standing import current_standing
from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin import staff_actor
from smarttrader.lib.admin_forms import asking_page
from smarttrader.lib.errors import DomainError


@admin.register(License)
class LicenseAdmin(LicenseActions):
    """Not found by its whole key: a search stands in the address of the page."""

    list_display = ("key", "user", "license_type", "standing", "ends")
    list_filter = ("license_type", "status")
    list_select_related = ("user",)
    search_fields = ("user__email", "key_tail", "bot_instances__mt4_account")
    search_help_text = _("Owner's e-mail, account number or the key's last characters")
    ordering = ("-issued_at",)
    exclude = ("license_key", "hardware_id", "last_event_hash")
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "admin/licenses/change_list.html"
    change_form_template = "admin/licenses/change_form.html"
    actions = (
        "extend",
        "suspend",
        "reinstate",
        "reset_hardware",
        "change_plan",
        "transfer",
        "revoke",
        "export",
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[License]":
        return super().get_queryset(request).with_standing()  # type: ignore[attr-defined,no-any-return]

    @admin.display(description=_("key"))
    def key(self, license: License) -> str:
        return license.masked_key

    @admin.display(description=_("status"))
    def standing(self, license: License) -> str:
        return str(current_standing(license, clock.now()).license_status.label)

    @admin.display(description=_("ends"), ordering="expires_at")
    def ends(self, license: License) -> str:
        if license.expires_at is None:
            return (
                gettext("Never")
                if license.trial_days is None
                else gettext("After its trial")
            )
        day = f"{license.expires_at:%Y-%m-%d}"
        if license.expires_at <= clock.now():
            return day
        left = timeuntil(license.expires_at)
        return gettext("%(day)s, in %(left)s") % {"day": day, "left": left}

    def has_sell_permission(self, request: HttpRequest) -> bool:
        is_reseller = signed_in(request).actor_type == ActorType.RESELLER
        return is_reseller and self.has_act_permission(request)

    def get_urls(self) -> list[URLPattern]:
        issue = self.admin_site.admin_view(self.issue_view)
        own = [path("issue/", issue, name="licensing_license_issue")]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"may_sell": self.has_sell_permission(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        actions = self.get_actions(request)
        named = [(name, title) for name, (_, _, title) in actions.items()]
        shown = {"own_actions": [each for each in named if each[0] != "export"]}
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    # --- Issuing ----------------------------------------------------------------------
    def issue_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for an order, then show its keys, or hand them over as a file."""
        if not self.has_sell_permission(request):
            raise PermissionDenied
        reseller = signed_in(request)
        form = IssueForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                issued = reselling.issue_licenses(
                    reseller=reseller,
                    order=form.order,
                    actor=staff_actor(request),
                    now=clock.now(),
                    idempotency_key=str(form.cleaned_data["form_key"]),
                )
            except DomainError as error:
                form.add_error(error.field or None, error.message)
            else:
                if "download" in request.POST:
                    return _keys_as_file(issued)
                return self._issued_page(request, form, issued)
        left = Allotment.objects.filter(reseller=reseller).select_related("plan")
        told = ", ".join(
            f"{each} {each.left}" for each in left.order_by("plan", "cycle")
        )
        return asking_page(
            self,
            request,
            form,
            title=_("Issue licenses"),
            warning=_("Left: %(told)s") % {"told": told}
            if told
            else _("You have no allotment yet."),
        )

    def _issued_page(
        self, request: HttpRequest, form: IssueForm, issued: list[IssuedLicense]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("%(n)s issued") % {"n": len(issued)},
            "issued": issued,
            "sent": [(name, form.data.get(name, "")) for name in form.fields],
        }
        return TemplateResponse(request, "admin/licenses/issued.html", context)

    @admin.action(description=_("Export as CSV"))
    def export(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponseBase:
        now = clock.now()
        header = [
            *("key", "owner", "plan", "status", "max_accounts"),
            *("issued_at", "expires_at", "activation_count"),
        ]
        rows: Any = (
            [
                *(each.masked_key, each.user.email, each.license_type),
                str(current_standing(each, now).license_status),
                *(each.max_accounts, each.issued_at, each.expires_at),
                each.activation_count,
            ]
            for each in queryset.iterator(chunk_size=2000)
        )
        return spreadsheets.download("licenses.csv", spreadsheets.lines(header, rows))


def _keys_as_file(issued: list[IssuedLicense]) -> HttpResponseBase:
    rows: Any = (
        [
            each.key,
            each.license.user.email,
            each.license.license_type,
            each.license.max_accounts,
            each.license.expires_at,
        ]
        for each in issued
    )
    header = ["key", "owner", "plan", "max_accounts", "expires_at"]
    return spreadsheets.download("keys.csv", spreadsheets.lines(header, rows))
