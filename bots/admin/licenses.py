"""Licenses: found by owner or account, changed by actions that ask first."""

import uuid
from datetime import datetime
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import ExportedFile, normalize_email
from accounts.reseller_filters import CustomersResellerFilter
from accounts.services.exports import record_export
from bots.admin import license_holds
from bots.admin.issuing import LicenseIssuing
from bots.admin.license_actions import LicenseActions
from licensing.keys import KeyMalformed
from licensing.models import License, LicenseStatus
from licensing.queries import license_by_key
from licensing.services import secrets
from licensing.standing import GRACE, current_standing
from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.admin import MOST_HITS, is_staff_member, staff_actor
from smarttrader.lib.admin_forms import ReasonForm, asking_page
from smarttrader.lib.attention import AttentionFilter, Figure, list_of
from smarttrader.lib.badges import Tone, badge
from smarttrader.lib.localization import localized_day

TONES: dict[LicenseStatus, Tone] = {
    LicenseStatus.ACTIVE: "ok",
    LicenseStatus.SUSPENDED: "caution",
    LicenseStatus.EXPIRED: "",
    LicenseStatus.REVOKED: "bad",
}


@admin.register(License)
class LicenseAdmin(LicenseIssuing, LicenseActions):
    """Not found by its whole key: a search stands in the address of the page."""

    list_display = ("key", "user", "license_type", "standing", "ends")
    list_filter = (
        AttentionFilter,
        "license_type",
        "status",
        "issued_at",
        CustomersResellerFilter,
    )
    attention = _("Ending within a week, or in grace")
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
        "rotate_key",
        "revoke",
        "export",
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[License]":
        return super().get_queryset(request).with_standing()  # type: ignore[attr-defined,no-any-return]

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        month = clock.start_of_day(now).replace(day=1)
        told = self.visible_rows(request).aggregate(
            active=Count("pk", Q(status=LicenseStatus.ACTIVE)),
            issued=Count("pk", Q(issued_at__gte=month)),
        )
        active = list_of(self, status__exact=LicenseStatus.ACTIVE)
        issued = list_of(self, issued_at__gte=month)
        return [
            Figure(_("Active licenses"), told["active"], active),
            Figure(_("Licenses issued this month"), told["issued"], issued),
        ]

    def hits(self, request: HttpRequest, text: str) -> "QuerySet[License]":
        """Return the license of a whole key, or those of an owner."""
        visible = self.get_queryset(request)
        if "@" in text:
            return visible.filter(user__email=normalize_email(text))[:MOST_HITS]
        try:
            license = license_by_key(text)
        except KeyMalformed:
            return visible.none()
        return visible.filter(pk=license.pk) if license else visible.none()

    @admin.display(description=_("key"))
    def key(self, license: License) -> SafeString:
        """Return the masked key; the theme leaves its stars out on a phone."""
        hidden, _dash, tail = license.masked_key.rpartition("-")
        return format_html('<span class="stars">{}-</span>{}', hidden, tail)

    @admin.display(description=_("status"))
    def standing(self, license: License) -> SafeString:
        standing = current_standing(license, clock.now())
        if standing.code == GRACE:
            return badge(_("In grace days"), "caution")
        return badge(standing.license_status.label, TONES[standing.license_status])

    @admin.display(description=_("ends"), ordering="expires_at")
    def ends(self, license: License) -> str:
        if license.expires_at is None:
            return (
                gettext("Never")
                if license.trial_days is None
                else gettext("After its trial")
            )
        day = localized_day(license.expires_at)
        if license.expires_at <= clock.now():
            return day
        left = timeuntil(license.expires_at, depth=1)
        return gettext("%(day)s, in %(left)s") % {"day": day, "left": left}

    def get_fields(self, request: HttpRequest, obj: License | None = None) -> list[Any]:
        """Show the status as it is now, which the column only remembers, and why."""

        @admin.display(description=_("suspended by"))
        def open_holds(license: License) -> str:
            return license_holds.list_of_open(license, signed_in(request))

        shown = super().get_fields(request, obj)
        now = {"status": ("standing", open_holds)}
        return [each for name in shown for each in now.get(name, (name,))]

    def get_urls(self) -> list[URLPattern]:
        key = self.admin_site.admin_view(self.key_view)
        own = [path("<uuid:pk>/key/", key, name="licensing_license_key")]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"may_issue": self.has_issue_permission(request)}
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
        shown = {
            "own_actions": [each for each in named if each[0] != "export"],
            "may_reveal": self.has_reveal_permission(request),
            "is_staff_member": is_staff_member(request),
        }
        return super().changeform_view(
            request, object_id, form_url, {**shown, **(extra_context or {})}
        )

    def has_reveal_permission(self, request: HttpRequest) -> bool:
        return is_staff_member(request) and self.has_act_permission(request)

    def key_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        if not self.has_reveal_permission(request):
            raise PermissionDenied
        license = get_object_or_404(self.get_queryset(request), pk=pk)
        return self._revealed(request, license)

    @method_decorator(reauthentication_required)
    def _revealed(self, request: HttpRequest, license: License) -> HttpResponse:
        """Show a key to who proved lately who they are, and says why."""
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not (form.is_bound and form.is_valid()):
            return asking_page(
                self,
                request,
                form,
                title=_("Show the key"),
                warning=_("Whoever has it can run a bot. That you looked is recorded."),
            )
        key = secrets.reveal_key(
            license=license,
            actor=staff_actor(request),
            now=clock.now(),
            reason=form.cleaned_data["reason"],
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The license key"),
            "license": license,
            "key": key,
        }
        return TemplateResponse(request, "admin/licenses/key.html", context)

    @admin.action(description=_("Export as CSV"))
    def export(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponseBase:
        now = clock.now()
        record_export(
            file=ExportedFile.LICENSES,
            rows=queryset.count(),
            user=signed_in(request),
            actor=staff_actor(request),
            now=now,
        )
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
        return spreadsheets.download(
            ExportedFile.LICENSES, spreadsheets.lines(header, rows)
        )
