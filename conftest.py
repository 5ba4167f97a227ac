"""Fixtures that every app's tests share."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings as project_settings
from django.core.management.commands import flush as flush_command
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import ResellerFactory, UserFactory
from smarttrader.lib.ids import uuid7
from smarttrader.lib.keyring import generate_keyring

MANY = 1_000_000
MADE_BY_MIGRATIONS = {
    "plans",
    *("django_content_type", "auth_permission", "auth_group", "auth_group_permissions"),
}
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")
LICENSE_KEYRING = generate_keyring()

# Without deadlines: how long an example takes is the machine's affair.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=60)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def cheap_password_hashes(settings: Any) -> None:
    """Hash passwords with MD5: bcrypt at cost 12 takes 0.3 s of CPU for each user."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def license_keyring(settings: Any) -> None:
    """Seal license keys with a keyring of this run: only DEBUG makes one by itself."""
    settings.LICENSE_KEYRING_FILE = ""
    settings.LICENSE_KEYRING = LICENSE_KEYRING


@pytest.fixture(autouse=True)
def own_counts(settings: Any) -> None:
    """Let each test count its own calls, though all tests share one Valkey.

    It waits longer for it than a request would: a busy machine must not open the
    breaker amid a test, whose counts would begin anew in memory.
    """
    patience = {"socket_timeout": 2, "socket_connect_timeout": 2}
    settings.CACHES = {
        name: {
            **cache,
            "KEY_PREFIX": f"{name}-{uuid7().hex}",
            "OPTIONS": {**cache["OPTIONS"], **patience},
        }
        for name, cache in settings.CACHES.items()
    }


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no window of a rate limit end while the test runs."""
    begun = int(time.time())
    monkeypatch.setattr(
        "django_ratelimit.core._get_window", lambda _value, period: begun + period
    )


@pytest.fixture
def no_limits(settings: Any) -> None:
    """Let a test of other things call as often as it likes."""
    settings.EA_CALLS_PER_IP = settings.API_CALLS_PER_USER = MANY
    settings.PUBLIC_CALLS_PER_IP = MANY
    settings.SIGN_INS_PER_IP = settings.SIGN_INS_PER_ACCOUNT = MANY
    for name in ("EA_KEY_CALLS_PER_IP", "EA_KEY_CALLS_PER_KEY", "EA_CALLS_PER_BOT"):
        setattr(settings, name, dict.fromkeys(getattr(settings, name), MANY))


@pytest.fixture(scope="session", autouse=True)
def flush_reaches_partitions() -> Iterator[None]:
    """Let the flush after a transactional test cascade, and keep what migrations made.

    PostgreSQL refuses to truncate trades beside trade_history otherwise: it holds the
    foreign keys of partitions against it, even when their parent is in the same list.
    To make content types, permissions and groups anew takes longer than most tests.
    """
    sql_flush = DatabaseOperations.sql_flush

    def cascading(
        self: DatabaseOperations, style: Any, tables: Any, **options: Any
    ) -> list[str]:
        emptied = [table for table in tables if table not in MADE_BY_MIGRATIONS]
        flush = sql_flush(self, style, emptied, **{**options, "allow_cascade": True})
        # The audit of licenses refuses to be emptied.
        guard = "ALTER TABLE license_events {} TRIGGER license_events_not_truncated"
        return [guard.format("DISABLE"), *flush, guard.format("ENABLE")]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", cascading)
        # All that listens to it makes what is kept.
        patch.setattr(flush_command, "emit_post_migrate_signal", lambda *_a, **_k: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """Make the folder of collected files: WhiteNoise warns when there is none."""
    Path(project_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def rounds() -> int:
    """How often a race is run: chance needs many tries, `make test` has little time."""
    return 20 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 2


@pytest.fixture
def count_statements() -> Callable[[], AbstractContextManager[list[str]]]:
    """Return a context manager that lists what its block asks of the database.

    Transaction control and SET are left out: they ask nothing of it.
    """
    return statements_asked


@contextmanager
def statements_asked() -> Iterator[list[str]]:
    asked: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield asked
    texts = (query["sql"].lstrip() for query in captured)
    asked += [text for text in texts if not text.startswith(TRANSACTION_CONTROL)]


# The cast: Alice owns, Bob is her reseller, Charlie is a stranger.
@pytest.fixture
def alice(db: None) -> User:
    return UserFactory.create(
        email="alice@example.com", first_name="Alice", last_name="Adams"
    )


@pytest.fixture
def bob(db: None) -> User:
    return ResellerFactory.create(
        email="bob@example.com", first_name="Bob", last_name="Baker"
    )


@pytest.fixture
def charlie(db: None) -> User:
    return UserFactory.create(
        email="charlie@example.com", first_name="Charlie", last_name="Chaplin"
    )
