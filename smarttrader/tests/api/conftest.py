from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from conftest import MANY


@pytest.fixture(autouse=True)
def no_limit_of_the_api(settings: Any) -> None:
    """Let a test of other things call as often as it likes."""
    settings.API_CALLS_PER_USER = MANY


@pytest.fixture
def cast(db: None) -> dict[str, User]:
    """Alice with her reseller Bob, Charlie with his reseller Dana, and staff."""
    bob = ResellerFactory.create(email="bob@example.com")
    dana = ResellerFactory.create(email="dana@example.com")
    return {
        "alice": UserFactory.create(email="alice@example.com", reseller=bob),
        "bob": bob,
        "charlie": UserFactory.create(email="charlie@example.com", reseller=dana),
        "dana": dana,
        "staff": AdminFactory.create(email="staff@example.com"),
    }
