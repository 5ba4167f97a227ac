"""What the project's own tests share."""

from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Make the folder of collected files: WhiteNoise warns when there is none."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
