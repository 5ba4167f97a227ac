"""Invoices and credit notes as files."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.actors import signed_in
from billing.models import CreditNote, Invoice
from billing.paper_pdf import credit_note_pdf, invoice_pdf


@require_safe
@login_required
def invoice(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Invoice.objects.visible_to(signed_in(request)), pk=pk)
    return _download(f"invoice-{found.number}.pdf", invoice_pdf(found))


@require_safe
@login_required
def credit_note(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    visible = CreditNote.objects.visible_to(signed_in(request))
    found = get_object_or_404(visible.select_related("invoice"), pk=pk)
    return _download(f"credit-note-{found.number}.pdf", credit_note_pdf(found))


def _download(name: str, document: bytes) -> HttpResponse:
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
