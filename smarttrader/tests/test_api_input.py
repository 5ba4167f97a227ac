"""What the user API takes for input, and what it says of the rest."""

import io
import json

import pytest

pytestmark = [
    pytest.mark.urls("smarttrader.tests.api_probe"),
    pytest.mark.usefixtures("no_limits"),
]


def send(client, body, content_type="application/json", **headers):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.generic(
        "POST", "/api/v1/echo", content, content_type=content_type, headers=headers
    )


def errors_of(client, body):
    response = send(client, body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "VALIDATION_ERROR")
    return problem["errors"]


def test_values_are_told_in_one_spelling(client):
    body = {
        "text": " AT&T <b>bold</b> ",
        "verbatim": " as it is ",
        "number": 2**31 - 1,
        "truth": False,
        "amount": "-0.00",
        "moment": "2026-01-31T12:00:00.5+14:00",
        "other": "0190163D-8694-739B-AEA5-966C26F8AD91",
        "items": [{"text": "a < b"}],
    }

    response = send(client, body)

    assert response.status_code == 200
    assert response.json() == {
        "text": "AT&T bold",
        "verbatim": " as it is ",
        "number": 2**31 - 1,
        "truth": False,
        "amount": "0.00",
        "moment": "2026-01-30T22:00:00.500000Z",
        "other": "0190163d-8694-739b-aea5-966c26f8ad91",
        "items": [{"text": "a < b"}],
    }


@pytest.mark.parametrize("amount", ["1.5", 1.5, "1.50"])
def test_an_amount_is_a_text_or_a_number(client, amount):
    assert send(client, {"amount": amount}).json() == {"amount": "1.50"}


def test_an_amount_is_told_as_a_text_without_a_serializer_too(client):
    assert client.get("/api/v1/amount").json() == {"amount": "100"}


@pytest.mark.parametrize("name", ["role", "is_staff", "id", "", "x" * 5000])
def test_a_field_that_is_not_known_or_read_only_is_named(client, name):
    errors = errors_of(client, {"text": "fine", name: "admin"})

    assert list(errors) == [name[:100] or "body"]


def test_an_unknown_field_of_an_item_is_named_by_its_place(client):
    errors = errors_of(client, {"items": [{"text": "a"}, {"text": "a", "b": 1}]})

    assert list(errors) == ["items.1.b"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "a" * 21),
        ("text", "a" * 100_000),
        ("text", 5),
        ("text", None),
        ("text", ["a"]),
        ("text", ""),
        ("text", "<b></b>"),
        ("text", "\N{ZERO WIDTH SPACE}"),
        ("text", "nul \0 nul"),
        ("text", "half \ud800"),
        ("verbatim", "nul \0"),
        ("verbatim", "\udfff"),
        ("verbatim", 7),
        ("number", 2**31),
        ("number", 2**63),
        ("number", -(2**31) - 1),
        ("number", "5"),
        ("number", True),
        ("number", 1.5),
        ("number", [1]),
        ("truth", "yes"),
        ("truth", 1),
        ("truth", {}),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "-Infinity"),
        ("amount", "1e400"),
        ("amount", "1_000"),
        ("amount", "\N{FULLWIDTH DIGIT ONE}"),
        ("amount", ""),
        ("amount", "0.001"),
        ("amount", "123456789.00"),
        ("amount", True),
        ("amount", {"a": 1}),
        ("moment", "2026-01-31"),
        ("moment", "2026-01-31T12:00:00"),
        ("moment", "2026-01-31T12:00:00+23:59"),
        ("moment", "2026-01-31T12:00:00+14:01"),
        ("moment", "2026-01-31T12:00:00-12:01"),
        ("moment", "2026-02-31T12:00:00Z"),
        ("moment", "2026-01-31T24:00:00Z"),
        ("moment", "0001-01-01T00:00:00+14:00"),
        ("moment", "9999-12-31T23:59:59-12:00"),
        ("moment", 1_700_000_000),
        ("other", "{0190163d-8694-739b-aea5-966c26f8ad91}"),
        ("other", "0190163d8694739baea5966c26f8ad91"),
        ("other", "urn:uuid:0190163d-8694-739b-aea5-966c26f8ad91"),
        ("other", 5),
        ("items", [{"text": "a"}] * 4),
        ("items", "abc"),
        ("items", {"text": "a"}),
    ],
)
def test_a_value_that_cannot_be_right_is_told_by_its_field(client, field, value):
    assert list(errors_of(client, {field: value})) == [field]


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e400", "1e99999"]
)
@pytest.mark.parametrize("field", ["text", "number", "truth", "amount", "moment"])
def test_a_number_that_is_none_is_told_by_its_field(client, field, literal):
    assert list(errors_of(client, f'{{"{field}": {literal}}}')) == [field]


def test_an_unspeakable_name_is_refused(client):
    assert list(errors_of(client, '{"a\\u0000b": 1}')) == ["body"]


def test_so_many_problems_are_told_and_no_more(client):
    names = {f"{number:03}{'x' * 500}": "\0" for number in range(100)}

    errors = errors_of(client, names)

    assert list(errors) == [name[:200] for name in list(names)[:20]]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "no",
        "[" * 9 + "]" * 9,
        '{"text": "a", "text": "b"}',
        '{"number": 123456789012345678901}',
        b'{"text": "\xff"}',
        "\ufeff{}",
        '{"text": "a\x01"}',
        "[" * 100_000,
    ],
)
def test_a_body_that_is_not_strict_json_is_malformed(client, body):
    response = send(client, body)

    expected = (200, None) if body == "" else (400, "MALFORMED_BODY")
    assert (response.status_code, response.json().get("code")) == expected


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", "[{}]"])
def test_a_body_that_is_no_object_is_refused(client, body):
    response = send(client, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, ["body"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset=unheard-of",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "x" * 300,
    ],
)
def test_another_type_or_charset_is_refused(client, content_type):
    response = send(client, "{}", content_type=content_type)

    assert (response.status_code, response.json()["code"]) == (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    )


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_may_be_declared(client, charset):
    response = send(client, "{}", content_type=f"application/json; charset={charset}")

    assert response.status_code == 200


@pytest.mark.parametrize(
    "body", ['{"text": "%s"}' % ("a" * 2**20), "[%s{}]" % ("{}," * 20_000)]
)
def test_a_body_that_is_too_large_is_refused(client, body):
    response = send(client, body)

    assert (response.status_code, response.json()["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_LENGTH": ""},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "abc"},
        {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
    ],
)
def test_a_body_of_unknown_length_is_refused(client, environ):
    response = client.post(
        "/api/v1/echo", "{}", content_type="application/json", **environ
    )

    assert (response.status_code, response.json()["code"]) == (411, "LENGTH_REQUIRED")


def test_a_type_without_a_body_matters_to_no_call_that_takes_none(client):
    response = client.generic("GET", "/api/v1/amount", CONTENT_TYPE="application/json")

    assert response.status_code == 200


def test_a_body_that_breaks_off_is_refused(client):
    response = client.post(
        "/api/v1/echo",
        content_type="application/json",
        **{"CONTENT_LENGTH": "7", "wsgi.input": io.BytesIO(b"{}")},
    )

    assert (response.status_code, response.json()["code"]) == (400, "MALFORMED_BODY")
