"""How the user API refuses: RFC 9457, one shape for all."""

import pytest

pytestmark = [
    pytest.mark.urls("smarttrader.tests.api_probe"),
    pytest.mark.usefixtures("one_window"),
]


def refusal(response):
    problem = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response["X-Request-Id"]
    return response.status_code, problem["code"], problem["detail"]


def test_a_services_refusal_is_told_in_its_own_words(client):
    response = client.get("/api/v1/fail/domain")

    problem = response.json()
    assert problem.pop("request_id") == response["X-Request-Id"]
    assert problem == {
        "type": "about:blank",
        "title": "The ticket is sold",
        "status": 409,
        "detail": "Ticket 7 is sold.",
        "code": "TICKET_SOLD",
    }


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("operational", (503, "UNAVAILABLE", "Try again soon.")),
        ("data", (400, "VALIDATION_ERROR", "It cannot be stored.")),
        ("integrity", (400, "VALIDATION_ERROR", "It cannot be stored.")),
        ("recursion", (400, "MALFORMED_BODY", "The call cannot be read.")),
        ("suspicious", (400, "MALFORMED_BODY", "The call cannot be read.")),
    ],
)
def test_a_failure_below_is_told_by_what_it_means(client, how, expected):
    assert refusal(client.get(f"/api/v1/fail/{how}")) == expected


@pytest.mark.django_db
def test_a_row_that_is_there_already_is_a_conflict(client):
    assert refusal(client.get("/api/v1/fail/unique")) == (
        409,
        "CONFLICT",
        "This exists already.",
    )


def test_a_passing_failure_says_when_to_come_back(client):
    assert client.get("/api/v1/fail/operational")["Retry-After"] == "5"


def test_a_bug_is_announced_and_told_without_its_words(client):
    client.raise_request_exception = False

    response = client.get("/api/v1/fail/bug")

    assert refusal(response) == (500, "SERVER_ERROR", "We failed; try again later.")


def test_a_bug_reaches_who_listens_for_it(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/api/v1/fail/bug")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/", "/api/v2/me", "/api/"])
def test_an_unknown_path_is_a_problem_under_each_method(client, method, path):
    response = getattr(client, method)(path)

    assert refusal(response) == (404, "NOT_FOUND", "Not found.")


@pytest.mark.parametrize("method", ["get", "put", "delete", "options"])
def test_a_wrong_method_is_told_the_right_one(client, method):
    response = getattr(client, method)("/api/v1/echo")

    assert refusal(response)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("accept", ["text/html", "image/png;q=x", "*", "a/b; q=é"])
def test_replies_are_json_whatever_is_accepted(client, accept):
    response = client.get("/api/v1/echo", headers={"Accept": accept})

    assert refusal(response)[:2] == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/api/v1/whoami", "/api/v1/nothing"])
def test_plain_http_is_refused_in_production_without_a_redirect(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get(path)

    assert refusal(response)[:2] == (403, "TLS_REQUIRED")
    assert "Location" not in response


def test_every_reply_tells_how_much_of_the_limit_is_left(client, settings):
    settings.API_CALLS_PER_USER = 2

    left = [
        client.post("/api/v1/echo", {}, content_type="application/json")[
            "X-RateLimit-Remaining"
        ]
        for _ in range(2)
    ]
    refused = client.post("/api/v1/echo", {}, content_type="application/json")

    assert left == ["1", "0"]
    assert refusal(refused)[:2] == (429, "RATE_LIMITED")
    assert refused["X-RateLimit-Limit"] == "2"
    assert refused["Retry-After"].isdigit()
