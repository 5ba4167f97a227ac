from typing import Any

from django.contrib.admin import ModelAdmin
from django.urls import URLPattern, path


def own_url(
    admin: "ModelAdmin[Any]", prefix: str, address: str, view: Any, name: str
) -> URLPattern:
    """Return the address of a page that an admin has beside the usual ones."""
    guarded: Any = admin.admin_site.admin_view(view)
    pattern: URLPattern = path(address, guarded, name=f"{prefix}_{name}")
    return pattern
