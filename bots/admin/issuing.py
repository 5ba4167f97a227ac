"""Issuing licenses: by resellers from their allotment, by staff with a reason."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import ExportedFile
from accounts.services.exports import record_export
from bots.admin.license_forms import IssueForm, StaffIssueForm
from licensing.models import Allotment, License
from licensing.services import reselling, staff_issuing
from licensing.services.issuing import IssuedLicense
from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin import ReadOnlyAdmin, is_staff_member, staff_actor
from smarttrader.lib.admin_forms import asking_page
from smarttrader.lib.errors import DomainError

# Sent with what a staff member has read over.
AGREED, DOWNLOAD = "agreed", "download"


class LicenseIssuing(ReadOnlyAdmin[License]):
    def get_urls(self) -> list[URLPattern]:
        issue = self.admin_site.admin_view(self.issue_view)
        own = [path("issue/", issue, name="licensing_license_issue")]
        return own + super().get_urls()

    def has_issue_permission(self, request: HttpRequest) -> bool:
        """Tell whether they may issue: resellers what they sell, staff anything."""
        if is_staff_member(request):
            return request.user.has_perm("licensing.add_license")
        is_reseller = signed_in(request).actor_type == ActorType.RESELLER
        return is_reseller and request.user.has_perm("licensing.change_license")

    def issue_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for an order, then show its keys, or hand them over as a file."""
        if not self.has_issue_permission(request):
            raise PermissionDenied
        if is_staff_member(request):
            return self._issued_by_staff(request)
        return self._issued_by_reseller(request)

    def _issued_by_reseller(self, request: HttpRequest) -> HttpResponseBase:
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
                return self._handed_over(request, form, issued)
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

    def _issued_by_staff(self, request: HttpRequest) -> HttpResponseBase:
        """Ask, show what it comes to, and issue what was agreed to."""
        now = clock.now()
        form = StaffIssueForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                if AGREED not in request.POST:
                    return self._read_over(request, form, now)
                issued = staff_issuing.issue_by_staff(
                    order=form.order,
                    actor=staff_actor(request),
                    now=now,
                    idempotency_key=form.cleaned_data["form_key"],
                )
            except DomainError as error:
                field = error.field if error.field in form.fields else None
                form.add_error(field, error.message)
            else:
                return self._handed_over(request, form, issued)
        return asking_page(
            self,
            request,
            form,
            title=_("Issue licenses"),
            warning=_("Nothing is charged, and no reseller's allotment pays for it."),
            button=_("Read over"),
        )

    def _read_over(
        self, request: HttpRequest, form: StaffIssueForm, now: datetime
    ) -> HttpResponse:
        staff_issuing.check_is_new(
            order=form.order,
            actor=staff_actor(request),
            idempotency_key=form.cleaned_data["form_key"],
        )
        context = {
            **self._context(request),
            "title": _("Issue these licenses?"),
            "order": form.order,
            "plan": form.order.license_type.label,
            "terms": form.order.terms(now),
            "sent": _sent(form),
        }
        return TemplateResponse(request, "admin/licenses/read_over.html", context)

    def _handed_over(
        self, request: HttpRequest, form: forms.Form, issued: list[IssuedLicense]
    ) -> HttpResponseBase:
        if DOWNLOAD in request.POST:
            record_export(
                file=ExportedFile.KEYS,
                rows=len(issued),
                user=signed_in(request),
                actor=staff_actor(request),
                now=clock.now(),
            )
            return _keys_as_file(issued)
        context = {
            **self._context(request),
            "title": _("%(n)s issued") % {"n": len(issued)},
            "issued": issued,
            "sent": [*_sent(form), (AGREED, "1")],
        }
        return TemplateResponse(request, "admin/licenses/issued.html", context)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}


def _sent(form: forms.Form) -> list[tuple[str, str]]:
    """Return what a form was sent with, to be sent again."""
    names = [name for name in form.fields if name in form.data]
    return [(name, form.data[name]) for name in names]


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
    return spreadsheets.download(ExportedFile.KEYS, spreadsheets.lines(header, rows))
