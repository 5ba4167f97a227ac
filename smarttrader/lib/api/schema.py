"""How a view of the user API stands in the OpenAPI document: with all its refusals."""

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema

from smarttrader.lib.api.serializers import StrictSerializer
from smarttrader.lib.errors import STATUS_OF_KIND, DomainError
from smarttrader.lib.problems import MEDIA_TYPE

USER_TOKEN = "userToken"  # noqa: S105 -- a name in the document
Direction = Literal["request", "response"]
Code = tuple[str, str]  # a stable code, and a sentence for people

INVALID = ("VALIDATION_ERROR", "Some fields cannot be taken.")
NOT_FOUND = ("NOT_FOUND", "Not found.")
# What all calls, or all of a kind, refuse alike: the document tells each once.
SHARED: dict[int, list[Code]] = {
    401: [
        ("NOT_AUTHENTICATED", "Authentication credentials were not provided."),
        ("TOKEN_INVALID", "The token is not good: get a new one."),
    ],
    403: [("TLS_REQUIRED", "Call https: secrets travel with calls.")],
    411: [("LENGTH_REQUIRED", "Send a Content-Length.")],
    413: [("TOO_LARGE", "A body has at most 1 MiB.")],
    415: [("UNSUPPORTED_MEDIA_TYPE", "Send JSON in UTF-8.")],
    429: [("RATE_LIMITED", "You call too often: go on after the time in Retry-After.")],
    503: [("UNAVAILABLE", "Try again soon.")],
}
OF_BODIES = (411, 413, 415)
HEADERS = {
    401: "WWW-Authenticate",
    429: "Retry-After",
    503: "Retry-After",
}


class ProblemSchema(AutoSchema):
    """Adds the problems: of all calls, of bodies, of paths, and the view's `refusals`.

    `refusals` are lists of DomainErrors by the name of the action, or of the method.
    """

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{USER_TOKEN: []}] if self.view.authentication_classes else []

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").partition("/")[0].partition(".")[0]]

    def get_operation_id(self) -> str:
        """Return `licenses_rotate`, not `licenses_rotate_create`."""
        name: str = super().get_operation_id()
        verb = self.path.rpartition("/")[2].replace("-", "_")
        is_action = verb == getattr(self.view, "action", None)
        return name.removesuffix("_create") if is_action else name

    def _postprocess_serializer_schema(
        self, schema: dict[str, Any], serializer: Any, direction: Direction
    ) -> dict[str, Any]:
        """Let an object have these properties only; what we tell has all of them."""
        schema = super()._postprocess_serializer_schema(  # type: ignore[no-untyped-call]
            schema, serializer, direction
        )
        schema["additionalProperties"] = False
        if not isinstance(serializer, StrictSerializer):
            schema["required"] = sorted(schema["properties"])
            for told in schema["properties"].values():
                told.pop("readOnly", None)
        return schema

    def _get_request_body(self, direction: Direction = "request") -> Any:
        # A DELETE that needs a password has a body; spectacular looks at others only.
        method, self.method = self.method, self.method.replace("DELETE", "POST")
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status, codes in sorted(self._problems().items()):
            is_shared = codes == SHARED.get(status)
            bodies[str(status)] = (
                {"$ref": f"#/components/responses/{shared_name(status)}"}
                if is_shared
                else problem_response(status, codes)
            )
        return bodies

    def _problems(self) -> dict[int, list[Code]]:
        problems = {400: [INVALID]}
        problems |= {status: [*SHARED[status]] for status in (403, 429, 503)}
        if self.view.authentication_classes:
            problems[401] = [*SHARED[401]]
        if "{" in self.path:
            problems[404] = [NOT_FOUND]
        if self.method != "GET":
            problems[400].append(("MALFORMED_BODY", "The body is malformed."))
            problems |= {status: [*SHARED[status]] for status in OF_BODIES}
        for refusal in self._refusals():
            told = (refusal.code, f"{refusal.title}.")
            problems.setdefault(STATUS_OF_KIND[refusal.kind], []).append(told)
        return problems

    def _refusals(self) -> list[type[DomainError]]:
        name = getattr(self.view, "action", None) or self.method.lower()
        by_name: dict[str, list[type[DomainError]]]
        by_name = getattr(self.view, "refusals", {})
        return by_name.get(name, [])


def shared_name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def shared_responses() -> dict[str, Any]:
    return {
        shared_name(status): problem_response(status, codes)
        for status, codes in SHARED.items()
    }


def problem_response(status: int, codes: list[Code]) -> dict[str, Any]:
    """Return a response whose body is one of these problems, each as an example."""
    response: dict[str, Any] = {
        "description": ", ".join(f"`{code}`" for code, _ in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    code: {"value": _example(status, code, detail)}
                    for code, detail in codes
                },
            }
        },
    }
    if status in HEADERS:
        is_number = HEADERS[status] == "Retry-After"
        kind = {"type": "integer", "minimum": 1} if is_number else {"type": "string"}
        response["headers"] = {HEADERS[status]: {"schema": kind, "required": True}}
    return response


def _example(status: int, code: str, detail: str) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "019b76da80007000800000000000002a",
    }
    if code == INVALID[0]:
        problem["errors"] = {"page_size": ["A number from 1 to 200."]}
    return problem


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why a call was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {
            "type": "string",
            "pattern": "^[A-Z][A-Z_]*$",
            "description": "Stable, for programs.",
        },
        "request_id": {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "By it we find the call in our logs.",
        },
        "errors": {
            "type": "object",
            "description": "What is wrong, by the path of the field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
