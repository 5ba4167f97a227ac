import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from smarttrader.lib.ea.replies import not_modified, reply

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def answer(accept="*/*", *, status=200, code="OK", message="Done.", **values):
    request: Any = RequestFactory().get("/")
    request.request_id = "r1"
    request.META["HTTP_ACCEPT"] = accept
    return reply(request, status=status, code=code, message=message, now=NOW, **values)


def test_a_reply_is_flat_and_begins_with_what_every_reply_has():
    response = answer(nonce="n1", ticks=[{"a": Decimal("0.10")}], version=3, empty=None)

    assert response.content.decode() == (
        '{"code":"OK","message":"Done.","request_id":"r1",'
        '"server_time":1772452800,"nonce":"n1","version":3,"empty":"",'
        '"ticks":[{"a":0.10}]}'
    )
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


def test_an_error_is_a_problem_with_the_same_flat_keys():
    response = answer(
        status=400,
        code="VALIDATION_ERROR",
        message="No.",
        field="lot_size",
        open_new=True,
    )

    values = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert values == {
        "code": "VALIDATION_ERROR",
        "message": "No.",
        "request_id": "r1",
        "server_time": 1772452800,
        "type": "about:blank",
        "title": "Validation error",
        "status": 400,
        "detail": "No.",
        "field": "lot_size",
        "open_new": True,
    }


def test_a_plain_error_has_the_same_scalars_and_no_lists():
    response = answer("text/plain", status=400, code="ALL_REJECTED", rejected=[1])

    lines = response.content.decode().splitlines()
    assert response.headers["Content-Type"] == "text/plain; charset=us-ascii"
    assert [line.partition("=")[0] for line in lines] == [
        *("code", "message", "request_id", "server_time"),
        *("type", "title", "status", "detail"),
    ]


@pytest.mark.parametrize(
    ("amount", "literal"),
    [
        ("12.50", "12.50"),
        ("-0.00001", "-0.00001"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("12345678901234567890.12", "12345678901234567890.12"),
    ],
)
def test_a_decimal_is_a_plain_number(amount, literal):
    as_json = answer(amount=Decimal(amount)).content.decode()
    as_text = answer("text/plain", amount=Decimal(amount)).content.decode()

    assert as_json.endswith(f'"amount":{literal}}}')
    assert as_text.endswith(f"amount={literal}\n")


def test_a_line_holds_no_end_of_a_line():
    response = answer("text/plain", message="a\r\nb\\c\x85\u2028é\x0b", flag=True)

    lines = response.content.decode("ascii").splitlines()
    assert lines[1] == r"message=a\r\nb\\c\x85\u2028\xe9\x0b"
    assert lines[-1] == "flag=true"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/plain;q=0.1, application/json", "application/json"),
        ("text/plain;q=0.1, */*", "application/json"),
        ("text/plain;q=0", "application/json"),
        ("application/problem+json, text/plain", "application/json"),
        ("text/plain;q=x;q*=nope''y, application/json", "text/plain"),
        ("text/plain", "text/plain"),
        ("TEXT/PLAIN; charset=utf-8", "text/plain"),
        ("text/plain, */*", "text/plain"),
        ("*/*, text/plain", "text/plain"),
        ("text/*, application/json;q=0.5", "text/plain"),
        ("text/plain, application/json", "text/plain"),
        ("application/json;q=0.2, text/plain;q=0.3", "text/plain"),
        ("image/png", "application/json"),
        (";;;,,,q=", "application/json"),
    ],
)
def test_the_header_decides_what_kind_of_reply_it_is(accept, media_type):
    response = answer(accept)

    assert response.headers["Content-Type"].partition(";")[0] == media_type


def test_a_reply_may_carry_a_version_and_its_absence_of_news_no_body():
    full, empty = answer(etag='"5"'), not_modified(etag='"5"')

    assert (full.headers["ETag"], empty.headers["ETag"]) == ('"5"', '"5"')
    assert (empty.status_code, empty.content) == (304, b"")
    assert empty.headers["Cache-Control"] == "no-store"
    assert "Content-Type" not in empty.headers


SCALARS = st.none() | st.booleans() | st.integers() | st.text()
LISTS = st.lists(st.dictionaries(st.text(), SCALARS | st.lists(SCALARS)))


@given(SCALARS, LISTS, st.text(), st.sampled_from([200, 201, 400, 403, 503]))
def test_a_reply_is_ascii_and_parses_back(scalar, items, message, status):
    response = answer(status=status, message=message, scalar=scalar, items=items)

    text = response.content.decode("ascii")
    values = json.loads(text)
    assert len(text.splitlines()) == 1
    assert values["message"] == message
    assert values["scalar"] == ("" if scalar is None else scalar)
    assert len(values["items"]) == len(items)


@given(st.text(), st.text())
def test_a_plain_reply_is_ascii_and_one_line_for_each_name(message, nonce):
    response = answer("text/plain", message=message, nonce=nonce, last=1)

    lines = response.content.decode("ascii").splitlines()
    names = [line.partition("=")[0] for line in lines]
    told = lines[1].partition("=")[2]
    assert names[:4] == ["code", "message", "request_id", "server_time"]
    assert names[4:] == (["nonce", "last"] if nonce else ["last"])
    assert told.encode().decode("unicode_escape") == message


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_accept_header_raises(accept):
    assert answer(accept).status_code == 200
