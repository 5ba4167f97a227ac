"""What the project's own tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Make the folder of collected files: WhiteNoise warns when there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session", autouse=True)
def flush_reaches_partitions() -> Iterator[None]:
    """Let the flush after a transactional test cascade.

    PostgreSQL refuses to truncate trades beside trade_history otherwise: it holds the
    foreign keys of partitions against it, even when their parent is in the same list.
    """
    sql_flush = DatabaseOperations.sql_flush

    def cascading(
        self: DatabaseOperations, style: Any, tables: Any, **options: Any
    ) -> list[str]:
        return sql_flush(self, style, tables, **{**options, "allow_cascade": True})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", cascading)
        yield
