"""The back office's view of what the clock did and found."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from smarttrader.jobs.models import ArchivedPartition, Invariant, JobRun
from smarttrader.lib.admin import ReadOnlyAdmin


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin[JobRun]):
    list_display = ("job", "started_at", "finished_at", "count", "error")
    list_filter = ("job",)
    ordering = ("-started_at",)


@admin.register(ArchivedPartition)
class ArchivedPartitionAdmin(ReadOnlyAdmin[ArchivedPartition]):
    list_display = (
        *("partition", "generation", "state", "rows", "bytes"),
        *("verified_at", "dropped_at", "keep_until", "error"),
    )
    list_filter = ("table", "state")
    search_fields = ("partition",)
    ordering = ("-starts_at", "-generation")


@admin.register(Invariant)
class InvariantAdmin(ReadOnlyAdmin[Invariant]):
    list_display = ("name", "held", "broken_since", "checked_at", "problems")
    ordering = ("name",)

    @admin.display(boolean=True, description=_("holds"))
    def held(self, invariant: Invariant) -> bool:
        return invariant.is_held
