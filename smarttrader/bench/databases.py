"""Databases of the benchmark, on the throw-away server that DATABASE_URL names."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

KILOBYTE = 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ran to its end: how long, and how much memory at most."""

    seconds: float
    megabytes: float


def create_database(name: str) -> None:
    with raw_connection(settings.DATABASES["default"]["NAME"]) as raw:
        raw.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    manage(name, "migrate", "--verbosity=0")


def use_database(name: str) -> None:
    """Let Django's connection lead to another database from now on."""
    if connection.settings_dict["NAME"] != name:
        connection.close()
        connection.settings_dict["NAME"] = name


def environment_of(name: str) -> dict[str, str]:
    url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    return {**os.environ, "DATABASE_URL": url}


def manage(name: str, *arguments: str) -> Finished:
    """Run a management command on a database. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment_of(name),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None  # noqa: S101
    told = [line for line in process.stderr if line.strip()]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        failure = subprocess.CalledProcessError(process.returncode, command)
        failure.add_note("".join(told))
        raise failure
    return Finished(time.perf_counter() - started, usage.ru_maxrss / KILOBYTE)


@contextmanager
def raw_connection(name: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect without Django, as the raw side of a ratio."""
    given = connection.get_connection_params()
    raw = psycopg.connect(
        host=given.get("host"),
        port=given.get("port"),
        user=given["user"],
        password=given["password"],
        dbname=name,
        autocommit=True,
    )
    try:
        yield raw
    finally:
        raw.close()


@contextmanager
def statements() -> Iterator[list[tuple[str, Any, float]]]:
    """List what the block asks of the database, and how many seconds each took."""
    asked: list[tuple[str, Any, float]] = []

    def wrapper(execute: Any, text: Any, params: Any, many: Any, context: Any) -> Any:
        started = time.perf_counter()
        result = execute(text, params, many, context)
        asked.append((text, params, time.perf_counter() - started))
        return result

    with connection.execute_wrapper(wrapper):
        yield asked
