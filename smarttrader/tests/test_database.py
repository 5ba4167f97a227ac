import pytest
from django.db import connection

from smarttrader.lib.database import prepared_cursor

pytestmark = pytest.mark.django_db


def prepared_statements() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


@pytest.fixture(autouse=True)
def _afresh():
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.connection._prepared.clear()  # noqa: SLF001 -- has no other name


def test_a_statement_is_prepared_where_it_is_wished_and_nowhere_else():
    for number in range(7):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT %s::int + 1", [number])
            assert cursor.fetchone() == (number + 1,)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert prepared_statements() == ["SELECT $1::int + 1"]


def test_a_connection_keeps_no_text_of_what_it_was_asked():
    with prepared_cursor() as cursor:
        cursor.execute("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["x" * 1_000_000])

    assert len(connection.connection._prepared._counts) == 0  # noqa: SLF001
