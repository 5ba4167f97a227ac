"""Invoices and credit notes, as they were issued."""

import re

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from billing.models import CreditNote, Invoice
from smarttrader.lib.admin import ReadOnlyAdmin

NUMBER_OF_INVOICE = re.compile(r"([0-9]{4})-([0-9]{1,9})")


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin[Invoice]):
    list_display = (
        "full_number",
        "issued_at",
        "buyer_email",
        "total",
        "currency",
        "pdf",
    )
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

    @admin.display(description=_("PDF"))
    def pdf(self, invoice: Invoice) -> str:
        return _link(reverse("invoice_download", args=[invoice.pk]), invoice.number)


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin[CreditNote]):
    list_display = (
        "full_number",
        "invoice",
        "issued_at",
        "buyer_email",
        "total",
        "currency",
        "pdf",
    )
    list_filter = ("year", "currency")
    list_select_related = ("invoice",)
    search_fields = ("buyer_email", "payment_id", "user_id", "sequence")
    ordering = ("-year", "-sequence")

    @admin.display(description=_("number"))
    def full_number(self, note: CreditNote) -> str:
        return note.number

    @admin.display(description=_("PDF"))
    def pdf(self, note: CreditNote) -> str:
        return _link(reverse("credit_note_download", args=[note.pk]), note.number)


def _link(url: str, number: str) -> str:
    return format_html('<a href="{}" download>{}.pdf</a>', url, number)
