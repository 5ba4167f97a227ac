"""What /metrics says: the processes' counts, and what the database knows of work."""

from collections.abc import Iterator
from datetime import datetime

from django.db import Error, connection
from django.db.models import Count, Max, Q
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from notifications.models import Delivery, DeliveryState
from smarttrader.jobs import catalog
from smarttrader.jobs.models import Invariant, JobRun
from smarttrader.lib.metrics import counted


def exposition(*, now: datetime) -> bytes:
    """Return everything that is measured, in Prometheus's text format.

    While the database is away, `database_up` is 0 and what it would tell is left out.
    """
    stored = CollectorRegistry()
    stored.register(_Stored(now))
    return bytes(generate_latest(counted()) + generate_latest(stored))


class _Stored:
    """A collector of what PostgreSQL tells."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            families = [
                *_jobs(self._now),
                _backlog(),
                *_outbox(self._now),
                _partitions_ahead(self._now),
                _invariants(),
            ]
        except Error:
            families = []
        yield _gauge("database_up", "Whether PostgreSQL answers.", int(bool(families)))
        yield from families


def _jobs(now: datetime) -> list[GaugeMetricFamily]:
    runs = GaugeMetricFamily(
        "job_runs", "Runs of the last seven days.", labels=["job", "outcome"]
    )
    age = GaugeMetricFamily(
        "job_age_seconds", "Since a job last succeeded.", labels=["job"]
    )
    failed = ~Q(error="")
    succeeded = Q(error="", finished_at__isnull=False)
    for job in JobRun.objects.values("job").annotate(
        succeeded=Count("pk", succeeded),
        failed=Count("pk", failed),
        running=Count("pk", Q(error="", finished_at__isnull=True)),
        last=Max("finished_at", filter=succeeded),
    ):
        for outcome in ("succeeded", "failed", "running"):
            runs.add_metric([job["job"], outcome], job[outcome])
        if job["last"]:
            age.add_metric([job["job"]], (now - job["last"]).total_seconds())
    return [runs, age]


def _backlog() -> GaugeMetricFamily:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rollup_dirty")
        (hours,) = cursor.fetchone()
    return _gauge("rollup_backlog_hours", "Hours that wait for a roll-up.", hours)


def _outbox(now: datetime) -> list[GaugeMetricFamily]:
    due = Delivery.objects.due(now)
    found = due.aggregate(
        urgent=Count("pk", Q(is_urgent=True)), other=Count("pk", Q(is_urgent=False))
    )
    family = GaugeMetricFamily(
        "outbox_backlog", "Messages that are due and not sent.", labels=["urgency"]
    )
    family.add_metric(["urgent"], found["urgent"])
    family.add_metric(["other"], found["other"])
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).count()
    return [family, _gauge("outbox_given_up", "Messages that were given up.", dead)]


def _partitions_ahead(now: datetime) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "partitions_ahead",
        "Periods after the present one that have a partition, without a gap.",
        labels=["table"],
    )
    for table, count in catalog.periods_ahead_of(now).items():
        family.add_metric([table], count)
    return family


def _invariants() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "invariant_holds", "What must hold, when last looked at.", labels=["name"]
    )
    for invariant in Invariant.objects.all():
        family.add_metric([invariant.name], int(invariant.is_held))
    return family


def _gauge(name: str, text: str, value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
