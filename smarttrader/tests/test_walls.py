"""Headers and refusals over a real server, as production runs it: DEBUG is off."""

import http.client
import json
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from smarttrader.devstack import processes
from smarttrader.middleware import PERMISSIONS_POLICY
from smarttrader.tests.live_stack import PATIENCE_SECONDS, LiveStack

pytestmark = pytest.mark.services

HOST = "trader.example.com"
TLS = {"Host": HOST, "X-Forwarded-Proto": "https"}
ALWAYS = {
    "Content-Security-Policy": settings.CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000; includeSubDomains; preload"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
CSRF_TOKEN = "c" * 32
SIGN_IN = """
from django.conf import settings
from django.test import Client
from accounts.tests.factories import UserFactory
from accounts.tests.tokens import bearer
user, client = UserFactory.create(email="uploader@example.com"), Client()
client.force_login(user)
print(client.cookies[settings.SESSION_COOKIE_NAME].value, *bearer(user).values())
"""
MIB = 1024**2
# What is asked, and the status that it has.
WALK: list[tuple[int, str, str, dict[str, str], bytes]] = [
    (200, "GET", "/accounts/login/", TLS, b""),
    (200, "GET", "/static/ui/ui.css", TLS, b""),
    (404, "GET", "/static/ui/none.css", TLS, b""),
    (404, "GET", "/no-such-page", TLS, b""),
    (302, "GET", "/bots/", TLS, b""),
    (301, "GET", "/bots", TLS, b""),
    (301, "GET", "/bots/", {"Host": HOST}, b""),
    (302, "GET", "/admin/", TLS, b""),
    (400, "GET", "/bots/", TLS | {"Host": "evil.example.com"}, b""),
    (405, "OPTIONS", "/bots/", TLS, b""),
    (403, "POST", "/accounts/login/", TLS | FORM, b"login=a"),
    (403, "POST", "/statements/", TLS | FORM, b"a" * 3_000_000),
    (413, "POST", "/accounts/login/", TLS | FORM, b"a" * 3_000_000),
    (401, "GET", "/api/v1/me", TLS, b""),
    (403, "GET", "/api/v1/me", {"Host": HOST}, b""),
    (400, "GET", "/api/v1/me", TLS | {"Host": "evil.example.com"}, b""),
    (404, "GET", "/api/v1/nothing", TLS, b""),
    (405, "DELETE", "/api/v1/auth/token", TLS, b""),
    (400, "POST", "/api/v1/auth/token", TLS | JSON, b"{"),
    (413, "POST", "/api/v1/auth/token", TLS | JSON, b" " * 3_000_000),
    (415, "POST", "/api/v1/auth/token", TLS | FORM, b"a=1"),
    (429, "POST", "/api/v1/ea/activate", TLS | JSON, b"{}"),
    (404, "GET", "/api/v1/ea/nothing", TLS, b""),
    (200, "GET", "/healthz", {"Host": "10.0.0.7"}, b""),
    (200, "GET", "/readyz", {"Host": "10.0.0.7"}, b""),
    (404, "GET", "/metrics", TLS | {"X-Forwarded-For": "8.8.8.8"}, b""),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    folder = Path(tempfile.mkdtemp(prefix="walls-"))
    folder.chmod(0o755)  # PostgreSQL's own account must pass through
    (folder / "uploads").mkdir()
    made = LiveStack(
        folder,
        DEBUG="False",
        SECRET_KEY=secrets.token_urlsafe(64),
        JWT_SIGNING_KEY=secrets.token_urlsafe(64),
        ALLOWED_HOSTS=HOST,
        SITE_URL=f"https://{HOST}",
        EA_CALLS_PER_IP="5",
        TMPDIR=str(folder / "uploads"),
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


class Heard:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.content = response.read()


def ask(
    stack: LiveStack,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | Iterator[bytes] = b"",
) -> Heard:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        return Heard(connection.getresponse())
    finally:
        connection.close()


def wait_until_ready(stack: LiveStack) -> None:
    """Return when the pools of the web processes have found PostgreSQL again."""

    def is_ready() -> bool:
        return ask(stack, "GET", "/readyz", TLS).status == 200

    assert processes.wait_until(is_ready, PATIENCE_SECONDS)


def check_headers(heard: Heard, *, is_tls: bool = True) -> None:
    told = {name: heard.headers.get_all(name) for name in ALWAYS}
    assert told == {name: [value] for name, value in ALWAYS.items()}
    assert heard.headers.get("Strict-Transport-Security") == (HSTS if is_tls else None)
    assert len(heard.headers["X-Request-Id"]) == 32
    assert not [name for name in heard.headers if name.startswith("Access-Control")]


def test_every_answer_carries_the_headers(stack: LiveStack) -> None:
    wait_until_ready(stack)
    for status, method, path, headers, body in WALK:
        # Five calls a minute are let in, and a minute may end amid them.
        tries = 11 if status == 429 else 1
        for _ in range(tries):
            heard = ask(stack, method, path, headers, body)
            if heard.status == status:
                break

        assert (heard.status, path) == (status, path)
        check_headers(heard, is_tls="X-Forwarded-Proto" in headers)


def test_a_page_from_elsewhere_gets_no_leave_to_read(stack: LiveStack) -> None:
    foreign = TLS | {
        "Origin": "https://evil.example.com",
        "Access-Control-Request-Method": "POST",
    }

    for path in ("/api/v1/me", "/api/v1/auth/token", "/accounts/login/"):
        check_headers(ask(stack, "OPTIONS", path, foreign))


def test_cookies_are_bound_to_the_host_and_to_tls(stack: LiveStack) -> None:
    heard = ask(stack, "GET", "/accounts/login/", TLS)

    [cookie] = heard.headers.get_all("Set-Cookie") or []
    assert cookie.startswith("__Host-csrftoken=")
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
    assert not [part for part in attributes if part.startswith("Domain")]


def test_a_redirect_to_tls_leads_to_the_same_page(stack: LiveStack) -> None:
    heard = ask(stack, "GET", "/bots/?a=1", {"Host": HOST})

    assert heard.headers["Location"] == f"https://{HOST}/bots/?a=1"


def test_an_api_over_plain_http_is_refused_and_led_nowhere(stack: LiveStack) -> None:
    heard = ask(stack, "GET", "/api/v1/me", {"Host": HOST})

    assert (heard.status, heard.headers["Location"]) == (403, None)
    assert json.loads(heard.content)["code"] == "TLS_REQUIRED"


def test_a_request_id_from_outside_is_not_taken_over(stack: LiveStack) -> None:
    given = "0" * 32

    heard = ask(stack, "GET", "/healthz", TLS | {"X-Request-Id": given})

    assert heard.headers["X-Request-Id"] != given


def test_a_log_line_of_a_request_is_json_and_bears_its_id(stack: LiveStack) -> None:
    heard = ask(stack, "GET", "/accounts/login/?next=/x-secret-path/", TLS)

    wanted = heard.headers["X-Request-Id"]
    deadline = time.monotonic() + 30
    lines: list[dict[str, Any]] = []
    while not lines and time.monotonic() < deadline:
        told = [line.partition("{") for line in [*stack.lines] if wanted in line]
        read = [json.loads("{" + rest) for _, _, rest in told]
        lines = [line for line in read if line["request_id"] == wanted]
        time.sleep(0.05)
    [line] = lines
    assert (line["route"], line["status"], line["method"]) == (
        "account_login",
        200,
        "GET",
    )
    assert line["duration_ms"] >= 0
    assert "x-secret-path" not in json.dumps(line)


def test_all_processes_count_together(stack: LiveStack) -> None:
    name = b'http_requests_total{method="GET",route="healthz",status="2xx"}'

    def counted() -> float:
        lines = ask(stack, "GET", "/metrics", {"Host": HOST}).content.splitlines()
        return float(next(x for x in lines if x.startswith(name)).rsplit(b" ", 1)[1])

    ask(stack, "GET", "/healthz", TLS)
    before = counted()
    for _ in range(20):
        ask(stack, "GET", "/healthz", TLS)

    assert counted() == before + 20


# --- Uploads --------------------------------------------------------------------------
@pytest.fixture(scope="module")
def signed_in(stack: LiveStack) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers of one user, for pages and for calls."""
    session, token = stack.run(SIGN_IN).split(" ", 1)
    cookies = f"__Host-sessionid={session}; __Host-csrftoken={CSRF_TOKEN}"
    form = {"Content-Type": "multipart/form-data; boundary=X"}
    of_pages = {
        "Cookie": cookies,
        "Origin": f"https://{HOST}",
        "X-CSRFToken": CSRF_TOKEN,
    }
    return TLS | form | of_pages, TLS | form | {"Authorization": token}


def upload(mebibytes: int) -> Iterator[bytes]:
    yield b"--X\r\n"
    yield b'Content-Disposition: form-data; name="file"; filename="a.htm"\r\n\r\n'
    for _ in range(mebibytes):
        yield b" " * MIB
    yield b"\r\n--X--\r\n"


def kept(stack: LiveStack) -> list[str]:
    folder = Path(stack.postgres.folder).parent / "uploads"
    return [path.name for path in folder.iterdir() if path.name.endswith(".upload")]


def test_a_file_that_is_too_large_is_told_so_and_kept_nowhere(
    stack: LiveStack, signed_in: tuple[dict[str, str], dict[str, str]]
) -> None:
    body = b"".join(upload(33))

    page = ask(stack, "POST", "/statements/", signed_in[0], body)
    call = ask(stack, "POST", "/api/v1/statements", signed_in[1], body)

    assert (page.status, call.status) == (413, 413)
    assert b"That is too large" in page.content
    assert json.loads(call.content)["code"] == "TOO_LARGE"
    assert kept(stack) == []
    for heard in (page, call):
        check_headers(heard)


def test_a_file_without_its_size_is_told_so_and_kept_nowhere(
    stack: LiveStack, signed_in: tuple[dict[str, str], dict[str, str]]
) -> None:
    page = ask(stack, "POST", "/statements/", signed_in[0], upload(33))
    call = ask(stack, "POST", "/api/v1/statements", signed_in[1], upload(33))

    assert (page.status, call.status) == (413, 411)
    assert b"came without its size" in page.content
    assert json.loads(call.content)["code"] == "LENGTH_REQUIRED"
    assert kept(stack) == []


def test_a_file_just_small_enough_is_read_refused_by_its_content_and_gone(
    stack: LiveStack, signed_in: tuple[dict[str, str], dict[str, str]]
) -> None:
    body = b"".join(upload(31))

    page = ask(stack, "POST", "/statements/", signed_in[0], body)
    call = ask(stack, "POST", "/api/v1/statements", signed_in[1], body)

    assert (page.status, call.status) == (400, 400)
    assert b"</html>" in page.content
    assert kept(stack) == []


def test_who_may_not_send_hears_so_also_of_a_large_body(
    stack: LiveStack, signed_in: tuple[dict[str, str], dict[str, str]]
) -> None:
    body = b"".join(upload(20))
    stranger = {name: signed_in[0][name] for name in ("Host", "Content-Type")} | TLS

    heard = [
        ask(stack, "POST", path, stranger, body).status
        for path in ("/statements/", "/api/v1/statements", "/api/v1/nothing")
    ]

    assert heard == [403, 401, 404]


# --- Without PostgreSQL ---------------------------------------------------------------
def test_without_postgresql_pages_and_calls_say_when_to_come_again(
    stack: LiveStack,
) -> None:
    cookie = TLS | {"Cookie": "__Host-sessionid=abcdefghijklmnopqrstuvwxyz012345"}
    stack.postgres.stop()
    try:
        page = ask(stack, "GET", "/bots/", cookie)
        call = ask(
            stack,
            "POST",
            "/api/v1/auth/token",
            TLS | JSON,
            b'{"email": "a@example.com", "password": "correct horse battery"}',
        )
        alive = ask(stack, "GET", "/healthz", TLS)
        ready = ask(stack, "GET", "/readyz", TLS)
        measured = ask(stack, "GET", "/metrics", {"Host": HOST})
    finally:
        stack.postgres.start()
        wait_until_ready(stack)

    for heard in (page, call):
        assert (heard.status, int(heard.headers["Retry-After"]) > 0) == (503, True)
        check_headers(heard)
    assert page.content.rstrip().endswith(b"</html>")
    assert json.loads(call.content)["code"] == "UNAVAILABLE"
    assert (alive.status, ready.status) == (200, 503)
    assert json.loads(ready.content)["checks"]["database"] == "away"
    assert b"\ndatabase_up 0.0\n" in measured.content


def test_readiness_is_answered_while_postgresql_hangs(stack: LiveStack) -> None:
    wait_until_ready(stack)
    postmaster = stack.postgres.folder / "data" / "postmaster.pid"
    pids = [
        int(postmaster.read_text().split()[0]),
        *map(int, stack.column("SELECT pid FROM pg_stat_activity WHERE pid > 0")),
    ]
    signal_all(pids, signal.SIGSTOP)
    try:
        # None waits for PostgreSQL longer than `ask` waits for an answer.
        statuses = [ask(stack, "GET", "/readyz", TLS).status for _ in range(4)]
    finally:
        signal_all(pids, signal.SIGCONT)
        wait_until_ready(stack)

    assert statuses == [503] * 4


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
