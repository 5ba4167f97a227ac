"""Browsers and programs: the document, and a page that shows it without any script."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from smarttrader.openapi import document, reading


@require_safe
def schema(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(document.text(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    context = {
        "title": document.document()["info"]["title"],
        "about": reading.about(),
        "chapters": reading.chapters(),
        "schemas": reading.schemas(),
    }
    return render(request, "openapi/docs.html", context)
