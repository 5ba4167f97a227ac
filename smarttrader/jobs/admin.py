"""The back office's view of what the clock did and found."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition, Invariant, JobRequest, JobRun
from smarttrader.jobs.services import requests
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, UncountedAdmin
from smarttrader.lib.admin_forms import ReasonForm, asking
from smarttrader.lib.attention import AttentionFilter, Figure

LONGEST_RESTORED_DAYS = 365


class RestoreForm(ReasonForm):
    days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=LONGEST_RESTORED_DAYS,
        initial=30,
        help_text=_("For so long retention leaves the rows where they are."),
    )


def _run_again(request: HttpRequest, run: JobRun, told: dict[str, Any]) -> None:
    requests.request_job(
        job=run.job,
        reason=told["reason"],
        requested_by=request.user.pk,
        now=clock.now(),
    )


def _restore(
    request: HttpRequest, archive: ArchivedPartition, told: dict[str, Any]
) -> None:
    requests.request_restore(
        partition=archive.partition,
        days=told["days"],
        reason=told["reason"],
        requested_by=request.user.pk,
        now=clock.now(),
    )


@admin.register(JobRun)
class JobRunAdmin(UncountedAdmin[JobRun]):
    list_display = ("job", "started_at", "finished_at", "count", "error")
    list_filter = (AttentionFilter, "job", "started_at")
    ordering = ("-id",)  # as they began, off the index
    attention = _("Failed, and not healed since")
    actions = ("run_again",)

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.add_jobrequest")

    run_again = asking(
        "run_again",
        _("Run the job again"),
        _run_again,
        warning=_("A worker begins with it within a minute."),
        permission="run",
    )


@admin.register(JobRequest)
class JobRequestAdmin(ReadOnlyAdmin[JobRequest]):
    list_display = (
        *("requested_at", "job", "partition", "days", "reason"),
        *("attempts", "finished_at", "error"),
    )
    list_filter = (AttentionFilter, "job")
    ordering = ("-requested_at", "-id")
    attention = _("Not done")


@admin.register(ArchivedPartition)
class ArchivedPartitionAdmin(ReadOnlyAdmin[ArchivedPartition]):
    list_display = (
        *("partition", "generation", "state", "rows", "size"),
        *("verified_at", "dropped_at", "keep_until", "error"),
    )
    list_filter = (AttentionFilter, "table", "state")
    search_fields = ("partition",)
    ordering = ("-starts_at", "-generation")
    attention = _("In trouble")
    actions = ("restore",)
    change_list_template = "admin/archives/change_list.html"

    @admin.display(description=_("size"), ordering="bytes")
    def size(self, archive: ArchivedPartition) -> str:
        return filesizeformat(archive.bytes)

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        ahead = catalog.periods_ahead_of(now)
        return [
            Figure(
                _("Partitions ahead: %(table)s") % {"table": table},
                count,
                reverse("admin:jobs_archivedpartition_partitions"),
                is_technical=True,
            )
            for table, count in ahead.items()
        ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.partitions_view)
        own = [path("partitions/", view, name="jobs_archivedpartition_partitions")]
        return own + super().get_urls()

    def partitions_view(self, request: HttpRequest) -> HttpResponse:
        """Show the partitions that are attached, with their sizes."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Partitions"),
            "tables": catalog.sizes_by_table(),
        }
        return TemplateResponse(request, "admin/archives/partitions.html", context)

    def has_restore_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_archivedpartition")

    restore = asking(
        "restore",
        _("Restore"),
        _restore,
        form_class=RestoreForm,
        warning=_(
            "A worker brings all archived rows of these partitions back, from the next"
            " minute on; how it went stands under Job requests."
        ),
        permission="restore",
    )


@admin.register(Invariant)
class InvariantAdmin(ReadOnlyAdmin[Invariant]):
    list_display = ("name", "held", "broken_since", "checked_at", "problems")
    list_filter = (AttentionFilter,)
    ordering = ("name",)
    attention = _("Broken")

    @admin.display(boolean=True, description=_("holds"))
    def held(self, invariant: Invariant) -> bool:
        return invariant.is_held
