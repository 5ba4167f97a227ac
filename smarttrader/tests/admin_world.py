"""The back office as tests walk it: its models, its URLs, and what a request wrote."""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from smarttrader.tests.access import World, patterns

REGISTRY = admin.site._registry  # noqa: SLF001 -- Django has no other list of it
MODELS = sorted(REGISTRY, key=lambda model: model._meta.label)
LEAVING = {"admin:logout", "admin:login", ""}


def url_of(model: Any, page: str, *arguments: Any) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=arguments)


def admin_urls(world: World) -> list[str]:
    """Return every URL of the back office; what one names is Alice's, or Bob's."""
    return [
        world.path_of(path, name, pattern)
        for path, name, pattern in patterns()
        if path.startswith("admin/") and name not in LEAVING
    ]


def offered_actions(client: Client, model: Any) -> list[str]:
    """Return the actions that a list offers to who asks."""
    page = client.get(url_of(model, "changelist"))
    form = (page.context or {}).get("action_form")
    if form is None:
        return []
    return [name for name, _title in form.fields["action"].choices if name]


def text_of(response: Any) -> str:
    content = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    return str(content.decode())


def fingerprint() -> dict[str, Any]:
    """Return a digest of each table: what any write would change."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND NOT relispartition AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            # A request keeps its session.
            if table not in ("django_session", "usersessions_usersession"):
                cursor.execute(
                    "SELECT md5(string_agg(r::text, '' ORDER BY r::text))"
                    f" FROM {table} r"
                )
                found[table] = cursor.fetchone()
    return found
