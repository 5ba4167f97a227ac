"""The EA's side of the protocol: one call at a time, sent until it is answered."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

from smarttrader.simulation.payloads import Dialect

TIMEOUT_SECONDS = 30
ATTEMPTS = 8
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 15.0
SENT_TWICE = 0.05
OK, UNAUTHORIZED, FORBIDDEN, TOO_MANY, SERVER_ERROR, UNAVAILABLE = (
    *(200, 401, 403),
    *(429, 500, 503),
)
FIRST_KEYS = ["code", "message", "request_id", "server_time"]
MOST_PROBLEMS_TOLD = 20


class Stopped(Exception):
    """Somebody asked to stop."""


class GivenUp(Exception):
    """The server did not answer in all attempts."""


@dataclass(slots=True)
class Tally:
    """What happened; `problems` are answers that the protocol does not know."""

    calls: int = 0
    trades: int = 0
    ticks: int = 0
    heartbeats: int = 0
    sent_twice: int = 0
    lost_connections: int = 0
    told_to_wait: int = 0
    refusals: int = 0  # of a lapsed license
    server_errors: int = 0
    problem_count: int = 0
    problems: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        names = [name for name in self.__slots__ if name != "problems"]
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Tally(**sums, problems=self.problems + other.problems)

    @property
    def errors(self) -> int:
        return self.server_errors + self.problem_count

    def note_problem(self, text: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS_TOLD:
            self.problems.append(text)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    values: dict[str, Any]
    retry_after: float | None = None

    @property
    def code(self) -> str:
        return str(self.values.get("code", ""))


class EaClient:
    """One EA's connection. Calls block, as WebRequest does.

    Retries what is lost, 5xx, 429 and 503 (after Retry-After), activates again upon a
    401, and never repeats any other 4xx.
    """

    def __init__(
        self, url: str, dialect: Dialect, *, random: Random, stopping: threading.Event
    ) -> None:
        self._url = urlsplit(url)
        self._dialect = dialect
        self._random = random
        self._stopping = stopping
        self._connection: http.client.HTTPConnection | None = None
        self._activation: dict[str, Any] = {}
        self._token = ""
        self.tally = Tally()

    def activate(self, fields: dict[str, Any]) -> Reply:
        """Activate; a refusal may still carry a token for what is open."""
        self._activation = fields
        self._token = ""
        reply = self._answered("activate", fields)
        self._token = str(reply.values.get("token", ""))
        if self._token:
            self.tally.refusals += reply.status == FORBIDDEN
        else:
            self._note(f"activate: {reply.status} {reply.code}")
        return reply

    def call(self, name: str, fields: dict[str, Any]) -> Reply:
        """Send a call until it is answered; some are sent twice on purpose."""
        reply = self._authorized(name, fields)
        if reply.status == OK and self._random.random() < SENT_TWICE:
            self.tally.sent_twice += 1
            reply = self._authorized(name, fields)
        if reply.status == FORBIDDEN:
            self.tally.refusals += 1
        elif reply.status != OK:
            self._note(f"{name}: {reply.status} {reply.code} {reply.values}")
        return reply

    def wait(self, seconds: float) -> None:
        """Sleep, unless somebody asks to stop: then raise Stopped."""
        if self._stopping.wait(seconds):
            raise Stopped

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _authorized(self, name: str, fields: dict[str, Any]) -> Reply:
        reply = self._answered(name, fields)
        if reply.status == UNAUTHORIZED:
            self.activate(self._activation)
            reply = self._answered(name, fields)
        return reply

    def _answered(self, name: str, fields: dict[str, Any]) -> Reply:
        backoff = FIRST_BACKOFF_SECONDS
        for _ in range(ATTEMPTS):
            if self._stopping.is_set():
                raise Stopped
            reply = self._sent(name, fields)
            if reply is not None and not self._is_to_repeat(reply):
                return reply
            told = reply.retry_after if reply else None
            self.wait(backoff if told is None else told)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
        raise GivenUp(name)

    def _is_to_repeat(self, reply: Reply) -> bool:
        self.tally.told_to_wait += reply.status in (TOO_MANY, UNAVAILABLE)
        self.tally.server_errors += reply.status >= SERVER_ERROR
        return reply.status == TOO_MANY or reply.status >= SERVER_ERROR

    def _sent(self, name: str, fields: dict[str, Any]) -> Reply | None:
        """Return the reply, or None when the connection was lost."""
        body, content_type = self._dialect.encode(fields)
        headers = {"Content-Type": content_type}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self.tally.calls += 1
        try:
            connection = self._connected()
            path = f"{self._url.path.rstrip('/')}/api/v1/ea/{name}"
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self.tally.lost_connections += 1
            return None
        if response.will_close:
            self.close()
        return self._read(name, response, content)

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            is_tls = self._url.scheme == "https"
            kind = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
            self._connection = kind(self._url.netloc, timeout=TIMEOUT_SECONDS)
        return self._connection

    def _read(
        self, name: str, response: http.client.HTTPResponse, content: bytes
    ) -> Reply:
        try:
            values = json.loads(content.decode("ascii"))
            keys = list(values)[: len(FIRST_KEYS)]
        except (ValueError, TypeError):
            values, keys = {}, []
        if keys != FIRST_KEYS and response.status < SERVER_ERROR:
            self._note(f"{name}: {response.status} is no reply: {content[:200]!r}")
        told = response.headers.get("Retry-After", "")
        retry_after = float(told) if told.isdigit() else None
        return Reply(response.status, values, retry_after)

    def _note(self, problem: str) -> None:
        self.tally.note_problem(problem)
