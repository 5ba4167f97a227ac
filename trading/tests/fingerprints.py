"""Whether a refusal left anything behind."""

from django.db import connection


def stored() -> dict[str, str]:
    """Return a fingerprint of every table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND NOT relispartition AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        fingerprints = {}
        for table in tables:
            cursor.execute(
                "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
                f' FROM "{table}" t'
            )
            fingerprints[table] = cursor.fetchone()[0]
    return fingerprints
