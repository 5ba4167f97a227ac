"""What the clock did: one row per run of a job."""

from django.db import models

from smarttrader.lib.ids import uuid7


class JobRun(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(blank=True, null=True)
    count = models.BigIntegerField(blank=True, null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "job_runs"
        indexes = [models.Index(fields=["job", "-started_at"], name="job_runs_newest")]

    def __str__(self) -> str:
        return f"{self.job} {self.started_at:%Y-%m-%d %H:%M}"
