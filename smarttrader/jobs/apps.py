from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "smarttrader.jobs"
    label = "jobs"

    def ready(self) -> None:
        post_migrate.connect(_make_partitions, sender=self)


def _make_partitions(plan: Sequence[Any] = (), **_kwargs: object) -> None:
    """Leave no freshly migrated database without the partitions of today."""
    from smarttrader.jobs import partitions
    from smarttrader.lib import clock

    # Migrating a single app may stop before the partitioned tables exist, and a flush
    # of the test database migrates nothing.
    if plan and partitions.tables_exist():
        partitions.ensure_partitions_ahead(now=clock.now())
