"""A web server of two processes, with its own PostgreSQL and Valkey, under load."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

import psycopg

from smarttrader.devstack import processes
from smarttrader.devstack.postgres import Postgres
from smarttrader.devstack.processes import Child
from smarttrader.devstack.valkey import Valkey
from smarttrader.lib.keyring import generate_keyring

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120
WEB_PROCESSES = 2
ISSUE_KEYS = """
from bots.tests.ea_client import license_key_of
from accounts.tests.factories import UserFactory
print(license_key_of(UserFactory.create(), max_accounts=1000))
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    reply: dict[str, Any]


class LiveStack:
    """The servers; `call` speaks to the web as an EA does."""

    def __init__(self, folder: Path, **variables: str) -> None:
        # Durable, as what the tests ask about is what a restart keeps.
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self._variables = variables
        # Its own: others of the suite list the project's while this one collects.
        self._static = folder / "static"
        self._keyring = generate_keyring()
        self.port = processes.free_port()
        self._web: Child | None = None
        self.lines: list[str] = []
        self.license_key = ""

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()
        environment = self._environment()
        self._manage(environment, "migrate", "--verbosity=0")
        self._manage(environment, "ensure_partitions")
        if environment.get("DEBUG") == "False":
            self._manage(environment, "collectstatic", "--noinput", "--verbosity=0")
        self.license_key = self.run(ISSUE_KEYS)
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", str(WEB_PROCESSES), "--blocking-threads", "4"),
            "smarttrader.wsgi:application",
        ]
        self._web = Child("web", command, environment, ROOT)
        self._web.start(self.lines.append)
        assert processes.wait_until(self._answers, PATIENCE_SECONDS), self.lines

    def stop(self) -> None:
        if self._web is not None:
            self._web.stop()
            self._web.finish()
        self.valkey.remove()
        self.postgres.remove()

    def run(self, code: str) -> str:
        """Run Python code as the product's shell does; return what it prints."""
        return self._manage(self._environment(), "shell", "-v0", "-c", code)

    def call(
        self, name: str, token: str = "", method: str = "POST", **fields: Any
    ) -> Answer:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/ea/{name}",
            json.dumps(fields).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            method=method,
        )
        try:
            with _OPENER.open(request, timeout=PATIENCE_SECONDS) as response:
                return Answer(response.status, response.headers, json.load(response))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, json.load(error))

    def activated(self, account: str) -> str:
        """Activate an account and return its token."""
        answer = self.call(
            "activate",
            license_key=self.license_key,
            mt4_account=account,
            broker_name="Example Markets",
            hardware_id="PC-1",
        )
        token: str = answer.reply["token"]
        return token

    def column(self, query: str) -> set[str]:
        with psycopg.connect(self.postgres.url) as connection:
            return {row[0] for row in connection.execute(query.encode())}

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "LICENSE_KEYRING": self._keyring,
            "STATIC_ROOT": str(self._static),
            "DATABASE_STATEMENT_TIMEOUT_SECONDS": "5",
            "DATABASE_POOL_SIZE": "4",
            **self._variables,
        }

    def _answers(self) -> bool:
        try:
            return self.call("none").status == 404
        except OSError:
            return False

    def _manage(self, environment: Mapping[str, str], *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()


@dataclass
class Load:
    """What was answered up to now; `phase` names what is going on meanwhile."""

    phase: str = "before"
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def statuses(self, phase: str = "") -> list[int]:
        return [
            answer.status
            for answered_in, answer in [*self.answers]
            if phase in ("", answered_in)
        ]

    def enter(self, phase: str) -> None:
        with self.changed:
            self.phase = phase

    def wait_for(self, status: int, times: int) -> None:
        """Return when a status was answered so often in this phase."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: self.statuses(self.phase).count(status) >= times,
                PATIENCE_SECONDS,
            ), (self.phase, status, self.statuses(self.phase)[-20:])

    def note(self, phase: str, answer: Answer) -> None:
        with self.changed:
            self.answers.append((phase, answer))
            self.changed.notify_all()


@contextmanager
def load(*calls: Callable[[int], Answer]) -> Iterator[Load]:
    """Make each call again and again in a thread of its own, until the block ends."""
    made, over, failures = Load(), threading.Event(), list[BaseException]()

    def run(call: Callable[[int], Answer]) -> None:
        number = 0
        try:
            while not over.is_set():
                begun_in = made.phase
                made.note(begun_in, call(number))
                number += 1
        except BaseException as error:  # noqa: BLE001 -- told below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
    assert failures == []


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
