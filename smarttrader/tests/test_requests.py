"""What the server hands to Django, before any middleware."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.test import RequestFactory


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told", ["text/html", "a; b*=nope''x", 'text/html; charset="', "=;;*=''"]
)
def test_a_content_type_that_cannot_be_read_fails_nobody(told, settings):
    settings.DEBUG = True  # a laptop, whose secrets everybody knows
    # Loading it looks into the database: is it the right keyring?
    application = import_module("smarttrader.wsgi").application
    request = RequestFactory().post("/api/v1/ea/heartbeat", b"{}", "text/plain")
    statuses: list[str] = []

    def start_response(status: str, *_args: Any) -> None:
        statuses.append(status)

    response = application({**request.environ, "CONTENT_TYPE": told}, start_response)

    assert json.loads(b"".join(response))["code"] == "TOKEN_INVALID"
    assert statuses == ["401 Unauthorized"]
