"""Where a notification leads: to the page of what it is about."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

# What metadata calls a thing, and the page that shows it; the closest thing first.
PAGES_OF_THINGS = {
    "trade_id": "trade",
    "statement_id": "statement",
    "bot_id": "bot",
    "license_id": "license",
}
# These have one page for all of them.
PAGES = {"subscription_id": "subscription", "sign_in_id": "usersessions_list"}


def path_of(metadata: Mapping[str, Any] | None) -> str:
    """Return the path of the page that a notification is about; empty if none is."""
    told = metadata or {}
    for name, page in PAGES_OF_THINGS.items():
        identifier = _uuid(told.get(name))
        if identifier:
            return reverse(page, args=[identifier])
    return next((reverse(page) for name, page in PAGES.items() if name in told), "")


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
