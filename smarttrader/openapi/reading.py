"""The document in the shape in which a page shows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from smarttrader.openapi.document import document

TITLES = {"ea": "Calls of Expert Advisors", "me": "Your account", "auth": "Signing in"}


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    is_required: bool
    description: SafeString


@dataclass(frozen=True)
class Body:
    """A body: its media type, what it holds, that object's name if it is one."""

    media_type: str
    kind: str
    example: str

    @property
    def object_name(self) -> str:
        return self.kind if self.kind in document()["components"]["schemas"] else ""


@dataclass(frozen=True)
class Reply:
    status: str
    description: SafeString
    bodies: list[Body]

    @property
    def is_good(self) -> bool:
        return self.status < "4"


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    description: SafeString
    token: str
    parameters: list[Field]
    bodies: list[Body]
    replies: list[Reply]


@dataclass(frozen=True)
class Chapter:
    name: str
    title: str
    operations: list[Operation]


@dataclass(frozen=True)
class Schema:
    name: str
    description: SafeString
    fields: list[Field]


def about() -> SafeString:
    return _marked(document()["info"]["description"])


@cache
def chapters() -> list[Chapter]:
    """Return the operations by tag, in the order of the document."""
    by_tag: dict[str, list[Operation]] = {}
    for path, operations in document()["paths"].items():
        for method, told in operations.items():
            operation = _operation(method, path, told)
            by_tag.setdefault(told["tags"][0], []).append(operation)
    return [
        Chapter(tag, TITLES.get(tag, tag.capitalize()), operations)
        for tag, operations in by_tag.items()
    ]


@cache
def schemas() -> list[Schema]:
    """Return the objects that bodies hold, with their fields."""
    return [
        Schema(name, _marked(schema.get("description", "")), list(_fields(schema)))
        for name, schema in document()["components"]["schemas"].items()
        if "properties" in schema
    ]


def _operation(method: str, path: str, told: dict[str, Any]) -> Operation:
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        description=_marked(told.get("description") or told.get("summary", "")),
        token=next((name for each in told.get("security", []) for name in each), ""),
        parameters=[_parameter(each) for each in told.get("parameters", [])],
        bodies=_bodies(told.get("requestBody", {})),
        replies=[_reply(*each) for each in sorted(told["responses"].items())],
    )


def _parameter(told: dict[str, Any]) -> Field:
    description = _marked(told.get("description", ""))
    is_required = told.get("required", False)
    return Field(told["name"], _kind(told["schema"]), is_required, description)


def _reply(status: str, told: dict[str, Any]) -> Reply:
    if "$ref" in told:
        told = document()["components"]["responses"][_name(told)]
    return Reply(status, _marked(told["description"]), _bodies(told))


def _bodies(holder: dict[str, Any]) -> list[Body]:
    return [
        Body(media_type, _kind(media.get("schema", {})), _example(media))
        for media_type, media in holder.get("content", {}).items()
    ]


def _example(media: dict[str, Any]) -> str:
    example = next(iter(media.get("examples", {}).values()), None)
    return "" if example is None else json.dumps(example["value"], indent=2)


def _fields(schema: dict[str, Any]) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, of in schema["properties"].items():
        description = _marked(of.get("description", ""))
        yield Field(name, _kind(of), name in required, description)


def _marked(text: str) -> SafeString:
    """Return a text whose `code` is marked as such."""
    pieces = (
        format_html("<code>{}</code>" if number % 2 else "{}", piece)
        for number, piece in enumerate(text.split("`"))
    )
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def _kind(schema: dict[str, Any]) -> str:
    """Return a type in words: `text, up to 20 characters, or null`."""
    if "$ref" in schema:
        named = document()["components"]["schemas"][_name(schema)]
        return _kind(named) if "enum" in named else _name(schema)
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    for choice in ("allOf", "anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(dict.fromkeys(map(_kind, schema[choice])))
    kinds = schema.get("type", "anything")
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_simple_kind(name, schema) for name in names)


def _simple_kind(name: str, schema: dict[str, Any]) -> str:
    if name == "array":
        return f"list of {_kind(schema['items'])}"
    if name == "string":
        told = schema.get("format", "text")
        limit = schema.get("maxLength")
        return f"{told}, up to {limit}" if limit else str(told)
    if name == "integer" and "minimum" in schema and "maximum" in schema:
        return f"integer from {schema['minimum']} to {schema['maximum']}"
    return name


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"].rpartition("/")[2])
