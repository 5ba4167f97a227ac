"""The back office's view of what the clock did."""

from django.contrib import admin

from smarttrader.jobs.models import JobRun
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin[JobRun]):
    list_display = ("job", "started_at", "finished_at", "count", "error")
    list_filter = ("job",)
    ordering = ("-started_at",)
