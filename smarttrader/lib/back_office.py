"""The site of the back office: its index, its sidebar, its search."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from smarttrader.lib import attention, clock
from smarttrader.lib.admin import Hits, ScopedAdmin
from smarttrader.lib.text import clean_text

LONGEST_SEARCH = 255
TECHNICAL = ("smarttrader", "django")


class SearchForm(forms.Form):
    """Sent by POST: a license key has no place in an address."""

    q = forms.CharField(label=_("Search"), max_length=LONGEST_SEARCH)

    def clean_q(self) -> str:
        return clean_text(self.cleaned_data["q"], LONGEST_SEARCH)


class BackOffice(AdminSite):
    site_title = site_header = _("Back office")
    index_title = _("Today")
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLResolver | URLPattern]:
        search = self.admin_view(self.search)
        return [path("search/", search, name="search"), *super().get_urls()]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Return what it is all about first, and what keeps it running last."""
        listed = super().get_app_list(request, app_label)
        places = {
            config.label: (config.name.split(".")[0] in TECHNICAL, place)
            for place, config in enumerate(apps.get_app_configs())
        }
        return sorted(listed, key=lambda app: places[app["app_label"]])

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        found = attention.concerns(self._shown(request), request, clock.now())
        badges = {concern.model: concern for concern in found}
        for app in context["available_apps"]:
            for model in app["models"]:
                model["badge"] = badges.get(model["model"])
        return {**context, "concerns": found}

    @method_decorator(never_cache)
    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        now = clock.now()
        figures = [
            figure
            for each in self._shown(request)
            for figure in each.figures(request, now)
        ]
        shown = {
            "figures": [each for each in figures if not each.is_technical],
            "technical": [each for each in figures if each.is_technical],
        }
        return super().index(request, {**shown, **(extra_context or {})})

    def search(self, request: HttpRequest) -> HttpResponse:
        """Find rows of any model by what names them; a single one is opened at once."""
        form = SearchForm(request.POST if request.method == "POST" else None)
        found: list[Hits] = []
        if form.is_bound and form.is_valid():
            found = self._found(request, form.cleaned_data["q"])
        rows = [(hits, row) for hits in found for row in hits.rows]
        if len(rows) == 1:
            hits, row = rows[0]
            meta = hits.opts
            name = f"admin:{meta.app_label}_{meta.model_name}_change"
            return redirect(reverse(name, args=[row.pk]))
        context = {
            **self.each_context(request),
            "title": _("Search"),
            "search_form": form,
            "found": found,
        }
        return TemplateResponse(request, "admin/search.html", context)

    def autocomplete_view(
        self,
        request: HttpRequest,  # noqa: ARG002 -- the stock hook
    ) -> HttpResponse:
        """Refuse: no form completes names, and it lists what any foreign key leads to.

        Of trades that would be a search without whose they are.
        """
        raise PermissionDenied

    def _found(self, request: HttpRequest, text: str) -> list[Hits]:
        hits = [
            Hits(each.opts, list(each.hits(request, text)))
            for each in self._shown(request)
        ]
        return [each for each in hits if each.rows]

    def _shown(self, request: HttpRequest) -> "Iterator[ScopedAdmin[Any]]":
        """Yield the admins of what somebody may look at."""
        for each in self._registry.values():
            if isinstance(each, ScopedAdmin) and each.has_view_permission(request):
                yield each
