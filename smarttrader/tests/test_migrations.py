import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]

Manage = Callable[..., None]


def objects(database: str) -> list[tuple[str, str]]:
    """Return what stands in a database beside Django's own table: kinds and names."""
    parameters = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in {"host", "port", "user", "password"}
    }
    with psycopg.connect(**parameters, dbname=database) as other:
        rows: list[tuple[str, str]] = other.execute(
            "SELECT relkind::text, relname FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace"
            " AND relname NOT LIKE 'django_migrations%'"
            " UNION ALL SELECT 'function', proname FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'constraint', conname FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
            " AND conname NOT LIKE 'django_migrations%' AND contype <> 'n'"
            " UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal"
            " ORDER BY 1, 2"
        ).fetchall()
        return rows


@pytest.fixture
def empty_database() -> Iterator[str]:
    name = f"{connection.settings_dict['NAME']}_migrations"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def manage(empty_database) -> Manage:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{empty_database}")

    def run(*arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 -- our own manage.py
            [sys.executable, "manage.py", *arguments],
            cwd=Path(settings.BASE_DIR),
            env={**os.environ, "DATABASE_URL": urlunsplit(url)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_migrations_go_back_to_nothing_and_forward_again(empty_database, manage):
    manage("migrate")
    first = objects(empty_database)

    for label in reversed([config.label for config in apps.get_app_configs()]):
        if (Path(apps.get_app_config(label).path) / "migrations").is_dir():
            manage("migrate", label, "zero")
    undone = objects(empty_database)
    manage("migrate")

    assert undone == []
    assert objects(empty_database) == first
