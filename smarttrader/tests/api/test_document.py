"""The OpenAPI document is current, complete, and shows what really comes."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator

from smarttrader.management.commands.openapi import generated
from smarttrader.openapi import reading
from smarttrader.openapi.document import document, text
from smarttrader.tests.test_protocol_document import CODES, EXAMPLES

METHODS = {"get", "post", "put", "patch", "delete"}
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
}


def problems_of(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {"components": document()["components"], **schema}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    components = document()["components"]["responses"]
    holders = [operation.get("requestBody", {})]
    for response in operation["responses"].values():
        name = response.get("$ref", "").rpartition("/")[2]
        holders.append(components[name] if name else response)
    return [
        media
        for holder in holders
        for kind, media in holder.get("content", {}).items()
        if kind not in ("text/plain", "text/csv", "application/zip")
    ]


def test_it_is_what_the_views_tell_of_themselves():
    assert text() == generated(), "run `make openapi` and look at the difference"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_a_story_and_examples_that_its_schemas_allow(name):
    operation = OPERATIONS[name]

    wrong = [
        (example["value"], problem)
        for media in bodies(operation)
        for example in media["examples"].values()
        for problem in problems_of(media["schema"], example["value"])
    ]

    assert wrong == []
    assert operation.get("description") or operation.get("summary")


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_tells_every_status_that_any_call_may_have(name):
    operation = OPERATIONS[name]
    statuses = set(operation["responses"])

    expected = {"400", "403", "429", "503"}
    expected |= {"401"} if operation.get("security") else set()
    expected |= {"404"} if "{" in name else set()
    expected |= {"411", "413", "415"} if name.startswith(("POST", "P")) else set()
    assert expected <= statuses


def paths_of(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            found += paths_of(each, path)
        elif isinstance(each, URLPattern):
            found.append(path)
    return found


def test_every_call_of_the_site_stands_in_it():
    known = {re.sub(r"\{\w+\}", "{}", path) for path in document()["paths"]}
    served = {
        "/" + re.sub(r"<uuid:\w+>", "{}", path.replace("^", "").replace("/?$", ""))
        for path in paths_of(get_resolver())
        if path.startswith("api/v1/")
    }

    not_calls = {"/api/v1/ea", "/api/v1/ea/", "/api/v1/schema/", "/api/v1/docs/"}
    assert served - not_calls == known


@pytest.mark.parametrize(("call", "reply"), [(call, e) for call, _, e in EXAMPLES])
def test_the_replies_of_the_protocols_story_are_what_it_says(call, reply):
    operation = OPERATIONS[f"POST /api/v1/ea/{call}"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]

    assert problems_of(schema, json.loads(reply)) == []


def test_every_code_of_the_protocol_stands_in_it():
    not_of_calls = {"NOT_FOUND", "METHOD_NOT_ALLOWED"}

    unknown = [code for code in CODES if f'"{code}"' not in text()]

    assert set(unknown) <= not_of_calls


def test_the_page_shows_every_operation_and_runs_no_script_but_ours(client):
    response = client.get("/api/v1/docs/")

    page = response.content.decode()
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    policy = response.headers["Content-Security-Policy"]
    assert (response.status_code, policy) == (200, settings.CONTENT_SECURITY_POLICY)
    assert [name for name in ids if f'id="{name}"' not in page] == []
    assert re.findall(r"<script[^>]*>", page) == [
        '<script defer src="/static/django_htmx/htmx-2.min.js">',
        '<script defer src="/static/ui/ui.js">',
    ]
    assert "style=" not in page


def test_the_document_is_served_as_it_stands(client):
    response = client.get("/api/v1/schema/")

    assert (response.status_code, response.headers["Content-Type"]) == (
        200,
        "application/json",
    )
    assert response.content.decode() == text()


def test_chapters_hold_each_operation_once():
    ids = [each.id for chapter in reading.chapters() for each in chapter.operations]

    assert sorted(ids) == sorted(each["operationId"] for each in OPERATIONS.values())
