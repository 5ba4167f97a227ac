"""What the document has beside what the views tell of themselves."""

from typing import Any

from drf_spectacular.plumbing import get_lib_doc_excludes

from smarttrader.lib.api import schema
from smarttrader.lib.api.resources import ReadableResources, Resources
from smarttrader.lib.api.serializers import StrictSerializer
from smarttrader.openapi import ea
from smarttrader.openapi.examples import add_examples

SECURITY_SCHEMES = {
    schema.USER_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's token, from `POST /api/v1/auth/token`: seven days.",
    },
    ea.BOT_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A bot's token, from `POST /api/v1/ea/activate`: seven days.",
    },
}
Endpoint = tuple[str, str, str, Any]


def only_the_user_api(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out the EAs' calls, which have no serializers, and the paths of no call."""
    return [
        each
        for each in endpoints
        if each[0].startswith("/api/v1/") and not each[0].startswith("/api/v1/ea")
    ]


def classes_of_no_story() -> list[type]:
    """Return the classes whose docstrings are for us, not for the document."""
    theirs: list[type] = get_lib_doc_excludes()  # type: ignore[no-untyped-call]
    return [*theirs, StrictSerializer, Resources, ReadableResources]


def complete(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Add what calls share, the EAs' calls, and an example wherever there is none."""
    components = result["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    components["responses"] = schema.shared_responses()
    components["schemas"] |= {"Problem": schema.PROBLEM} | ea.schemas()
    result["paths"] |= ea.paths()
    add_examples(result)
    for name, entries in components.items():
        components[name] = dict(sorted(entries.items()))
    return result
