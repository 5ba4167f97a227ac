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
# What is left of the limit that will bite first: told by what succeeds, and by 429.
RATE_LIMITS = {
    "X-RateLimit-Limit": "Calls in each window",
    "X-RateLimit-Remaining": "Calls that are left in this window",
    "X-RateLimit-Reset": "When the next window begins, in seconds since 1970",
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
    add_rate_limits(result)
    add_examples(result)
    for name, entries in components.items():
        components[name] = dict(sorted(entries.items()))
    return result


def add_rate_limits(result: dict[str, Any]) -> None:
    """Let each reply that tells of a limit say so."""
    components = result["components"]
    components["headers"] = {
        name: {
            "description": description,
            "required": True,
            "schema": {"type": "integer", "minimum": 0},
        }
        for name, description in RATE_LIMITS.items()
    }
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_LIMITS}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith("2") or status == "429":
                    shared = response.get("$ref", "").rpartition("/")[2]
                    whole = components["responses"][shared] if shared else response
                    whole["headers"] = whole.get("headers", {}) | told
