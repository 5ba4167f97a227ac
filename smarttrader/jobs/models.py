"""What the clock did and found: runs of jobs, archived partitions, invariants."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from smarttrader.jobs.partitions import PARTITIONED_TABLES, PartitionedTable
from smarttrader.lib.database import one_of
from smarttrader.lib.ids import uuid7

SHA256_HEX = r"^[0-9a-f]{64}$"


LONGEST_RUN = timedelta(hours=6)
UNSUCCESSFUL = ~Q(error="") | Q(finished_at=None)


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def needing_attention(self, now: datetime) -> Self:
        """Keep runs that failed or never ended, whose job did not succeed since."""
        healed = JobRun.objects.filter(
            job=OuterRef("job"),
            started_at__gt=OuterRef("started_at"),
            finished_at__isnull=False,
            error="",
        )
        ended = ~Q(error="") | Q(started_at__lt=now - LONGEST_RUN)
        return self.filter(UNSUCCESSFUL, ended).exclude(Exists(healed))


class JobRun(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(blank=True, null=True)
    count = models.BigIntegerField(blank=True, null=True)
    error = models.TextField(blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        db_table = "job_runs"
        indexes = [
            models.Index(fields=["job", "-started_at"], name="job_runs_newest"),
            models.Index(
                fields=["started_at"],
                condition=UNSUCCESSFUL,
                name="job_runs_unsuccessful",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M}"


class JobRequestQuerySet(models.QuerySet["JobRequest"]):
    def waiting(self) -> Self:
        return self.filter(finished_at=None)

    def needing_attention(self, _now: datetime) -> Self:
        """Keep what could not be done."""
        return self.exclude(error="")


class JobRequest(models.Model):
    """What staff want done out of turn: a row, as a request never talks to the broker.

    A job of the schedule, or the archive of a partition brought back for some days.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.CharField(max_length=100)
    partition = models.CharField(max_length=63, blank=True)
    days = models.PositiveSmallIntegerField(blank=True, null=True)
    reason = models.CharField(max_length=500)
    requested_by = models.UUIDField(blank=True, null=True, help_text="A user's id.")
    requested_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(db_default=0)
    finished_at = models.DateTimeField(blank=True, null=True)
    error = models.TextField(blank=True)

    objects = JobRequestQuerySet.as_manager()

    class Meta:
        db_table = "job_requests"
        constraints = [
            models.UniqueConstraint(
                fields=["job", "partition"],
                condition=Q(finished_at=None),
                name="job_requests_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(partition="", days__isnull=True)
                | (~Q(partition="") & Q(days__gt=0)),
                name="job_requests_partition_for_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.partition}".strip()


class ArchiveState(models.TextChoices):
    WRITTEN = "written", _("Written")
    VERIFIED = "verified", _("Verified")
    DETACHED = "detached", _("Detached")
    DROPPED = "dropped", _("Dropped")
    RESTORED = "restored", _("Restored")
    SUPERSEDED = "superseded", _("Superseded")


class ArchivedPartitionQuerySet(models.QuerySet["ArchivedPartition"]):
    def copies(self, partition: str) -> Self:
        """Keep the archives whose rows stand in the partition itself, as well."""
        return self.filter(
            partition=partition,
            state__in=[
                ArchiveState.WRITTEN,
                ArchiveState.VERIFIED,
                ArchiveState.RESTORED,
            ],
        ).order_by("generation")

    def away(self, partition: str) -> Self:
        """Keep the archives whose rows the partition lacks, the oldest first."""
        return self.filter(
            partition=partition,
            state__in=[ArchiveState.DETACHED, ArchiveState.DROPPED],
        ).order_by("generation")

    def needing_attention(self, _now: datetime) -> Self:
        """Keep those whose last step failed."""
        return self.exclude(error="").exclude(state=ArchiveState.SUPERSEDED)

    def kept(self, now: datetime) -> Self:
        """Keep restored partitions that retention has to leave alone still."""
        return self.filter(state=ArchiveState.RESTORED, keep_until__gt=now)


class ArchivedPartition(models.Model):
    """The manifest of one archive file: what is in it, and where its rows are now.

    A partition may have many, told apart by their generation: it was archived anew
    because it had changed (the former is superseded), or it was made a second time for
    rows that came late (both count).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    table = models.CharField(max_length=63)
    partition = models.CharField(max_length=63)
    generation = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    file = models.CharField(max_length=255, help_text=_("Below ARCHIVE_DIR."))
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, help_text=_("Of the file."))
    rows = models.BigIntegerField()
    columns = models.JSONField(
        help_text=_(
            "Of each column its type, how many values are not NULL, and their"
            " sum: of numbers, of microseconds since 1970, of bytes of text."
        )
    )
    content_sha256 = models.CharField(
        max_length=64, help_text=_("Of the rows as COPY writes them, in order.")
    )
    first_key = models.DateTimeField(blank=True, null=True)
    last_key = models.DateTimeField(blank=True, null=True)

    state = models.CharField(max_length=20, choices=ArchiveState)
    detached_table = models.CharField(max_length=63, blank=True)
    error = models.TextField(blank=True, help_text=_("Why the last step failed."))
    written_at = models.DateTimeField()
    verified_at = models.DateTimeField(
        blank=True, null=True, help_text=_("When the file was last found whole.")
    )
    detached_at = models.DateTimeField(blank=True, null=True)
    dropped_at = models.DateTimeField(blank=True, null=True)
    restored_at = models.DateTimeField(blank=True, null=True)
    keep_until = models.DateTimeField(blank=True, null=True)

    objects = ArchivedPartitionQuerySet.as_manager()

    class Meta:
        db_table = "archived_partitions"
        constraints = [
            models.UniqueConstraint(
                fields=["partition", "generation"], name="archived_partitions_unique"
            ),
            one_of("state", ArchiveState, name="archived_partitions_state_valid"),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")),
                name="archived_partitions_bounds_valid",
            ),
            models.CheckConstraint(
                condition=Q(rows=0, first_key__isnull=True, last_key__isnull=True)
                | Q(
                    rows__gt=0,
                    first_key__gte=F("starts_at"),
                    last_key__gte=F("first_key"),
                    last_key__lt=F("ends_at"),
                ),
                name="archived_partitions_keys_within",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=SHA256_HEX, content_sha256__regex=SHA256_HEX),
                name="archived_partitions_sha256_valid",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[ArchiveState.WRITTEN, ArchiveState.SUPERSEDED])
                | Q(verified_at__isnull=False),
                name="archived_partitions_verified_first",
            ),
            models.CheckConstraint(
                condition=~Q(state=ArchiveState.DETACHED)
                | (Q(detached_at__isnull=False) & ~Q(detached_table="")),
                name="archived_partitions_detached_where",
            ),
            models.CheckConstraint(
                condition=~Q(state=ArchiveState.DROPPED) | Q(dropped_at__isnull=False),
                name="archived_partitions_dropped_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=ArchiveState.RESTORED)
                | Q(restored_at__isnull=False, keep_until__isnull=False),
                name="archived_partitions_restored_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partition} #{self.generation}"

    @property
    def partitioned_table(self) -> PartitionedTable:
        return next(each for each in PARTITIONED_TABLES if each.name == self.table)


class InvariantQuerySet(models.QuerySet["Invariant"]):
    def needing_attention(self, _now: datetime) -> Self:
        """Keep what does not hold."""
        return self.filter(broken_since__isnull=False)


class Invariant(models.Model):
    """One of the things that must hold, and whether it did when last looked at."""

    name = models.CharField(primary_key=True, max_length=50)
    checked_at = models.DateTimeField()
    broken_since = models.DateTimeField(blank=True, null=True)
    problems = models.TextField(blank=True)
    # The newest mark of rollup_dirty that was seen, and when.
    seen_mark = models.BigIntegerField(blank=True, null=True)
    seen_at = models.DateTimeField(blank=True, null=True)

    objects = InvariantQuerySet.as_manager()

    class Meta:
        db_table = "invariants"
        constraints = [
            models.CheckConstraint(
                condition=Q(broken_since__isnull=True, problems="")
                | (Q(broken_since__isnull=False) & ~Q(problems="")),
                name="invariants_broken_why",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_held(self) -> bool:
        return self.broken_since is None
