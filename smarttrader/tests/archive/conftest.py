"""A database with no partition but the present ones, and an archive of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import ensure_partitions_ahead
from smarttrader.tests.archive.tables import NOW, forget_old_partitions


@pytest.fixture(autouse=True)
def archive_dir(settings, tmp_path) -> Path:
    folder: Path = tmp_path / "archive"
    settings.ARCHIVE_DIR = str(folder)
    return folder


@pytest.fixture(autouse=True)
def present_partitions_only(transactional_db) -> Iterator[None]:
    """Hide what other tests have left, and leave nothing to them."""
    forget_old_partitions()
    ensure_partitions_ahead(now=NOW)
    yield
    forget_old_partitions()
    ensure_partitions_ahead(now=NOW)


@pytest.fixture
def bot() -> BotInstance:
    return BotInstanceFactory.create()
