"""What resellers did with their allotments: the ledger, and sales by month."""

import uuid
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import ExportedFile, User
from accounts.queries import user_by_email
from accounts.services.exports import record_export
from licensing import queries
from licensing.models import AllotmentEntry, Cycle, EntryKind, LicenseType
from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.admin import is_staff_member, staff_actor
from smarttrader.lib.admin_audit import AuditAdmin, identifier
from smarttrader.lib.spreadsheets import Cell

SALES = ["month", "reseller", "plan", "cycle"]
SALES += ["issued", "extended", "credited", "net"]


@admin.register(AllotmentEntry)
class AllotmentEntryAdmin(AuditAdmin[AllotmentEntry]):
    list_display = (
        *("at", "seller", "kind", "delta", "license_type", "cycle", "reason"),
    )
    list_filter = ("kind", "license_type", "cycle", "at")
    search_fields = ("reseller_id", "license_id", "actor_id")
    search_help_text = _("Reseller's e-mail, or the id of a reseller or a license")
    exclude = ("idempotency_key",)
    change_list_template = "admin/allotments/entries.html"
    apart = {
        "kind": EntryKind.values,
        "license_type": LicenseType.values,
        "cycle": Cycle.values,
    }

    def named(self, word: str) -> Iterator[Q]:
        if user := user_by_email(word):
            yield Q(reseller_id=user.pk)
        if known := identifier(word):
            yield Q(reseller_id=known)
            yield Q(license_id=known)
            yield Q(actor_id=known)

    def looked_after(self, request: HttpRequest) -> dict[str, list[uuid.UUID]]:
        return {"reseller_id": [signed_in(request).pk]}

    def shaped(self, rows: list[AllotmentEntry]) -> list[AllotmentEntry]:
        sellers = User.objects.only("email").in_bulk({row.reseller_id for row in rows})
        for entry in rows:
            shown: Any = entry
            shown.known_seller = sellers.get(entry.reseller_id)
        return rows

    @admin.display(description=_("reseller"))
    def seller(self, entry: Any) -> str:
        known = entry.known_seller
        return known.email if known else gettext("deleted")

    def get_urls(self) -> list[URLPattern]:
        report = self.admin_site.admin_view(self.report_view)
        own = [path("report/", report, name="licensing_allotmententry_report")]
        return own + super().get_urls()

    def report_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show what was sold by month; a POST takes it away as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        months = queries.sales_by_month(signed_in(request))
        if request.method == "POST":
            record_export(
                file=ExportedFile.SALES,
                rows=len(months),
                user=signed_in(request),
                actor=staff_actor(request),
                now=clock.now(),
            )
            lines = spreadsheets.lines(SALES, map(_cells, months))
            return spreadsheets.download(ExportedFile.SALES, lines)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Sales by month"),
            "months": months,
            "is_of_all": is_staff_member(request),
        }
        return TemplateResponse(request, "admin/allotments/report.html", context)


def _cells(each: queries.MonthOfSales) -> list[Cell]:
    return [f"{each.month:%Y-%m}", *astuple(each)[1:], each.net]
