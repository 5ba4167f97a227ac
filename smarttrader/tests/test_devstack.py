"""The real servers, killed in every way; as root also under an unprivileged account."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import environ
import psycopg
import pytest

from smarttrader.devstack import processes
from smarttrader.devstack.console import Console
from smarttrader.devstack.postgres import Postgres
from smarttrader.devstack.services import Services
from smarttrader.devstack.valkey import Valkey

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = Console(sys.stderr)
DEVSTACK = (sys.executable, "-m", "smarttrader.devstack")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account can enter, which pytest's own tmp_path is not."""
    made = Path(tempfile.mkdtemp(prefix="devstack-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def postgres(folder: Path) -> Iterator[Postgres]:
    # Durable: what was committed before a kill -9 must be there after it.
    server = Postgres(folder / "postgres")
    yield server
    server.remove()


@pytest.fixture
def valkey(folder: Path) -> Iterator[Valkey]:
    server = Valkey(folder / "valkey")
    yield server
    server.remove()


@pytest.fixture
def services(folder: Path) -> Iterator[Services]:
    made = Services(folder / "var", {}, durable=False)
    yield made
    made.leave()
    made.remove()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def pid_in(path: Path) -> int:
    return int(path.read_text().split()[0])


def kill_and_forget(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_running(pid), 10)


# --- PostgreSQL -----------------------------------------------------------------------
def test_the_application_does_not_own_the_server(postgres: Postgres) -> None:
    postgres.start()

    superuser = ask(postgres.url, "SELECT rolsuper FROM pg_roles WHERE rolname = USER")
    may_create = ask(
        postgres.url, "SELECT rolcreatedb FROM pg_roles WHERE rolname = USER"
    )
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("DROP DATABASE another")

    assert (superuser, may_create) == (False, True)


def test_the_cluster_is_as_the_design_says(postgres: Postgres) -> None:
    postgres.start()

    settings = {
        name: ask(postgres.superuser_url, f"SHOW {name}")
        for name in (
            "data_checksums",
            "listen_addresses",
            "max_locks_per_transaction",
            "password_encryption",
            "server_encoding",
            "shared_buffers",
        )
    }
    locale = ask(
        postgres.url,
        "SELECT datlocprovider::text || datlocale FROM pg_database"
        " WHERE datname = current_database()",
    )
    without_password = postgres.url.replace("smarttrader:", "smarttrader:not-")

    assert settings == {
        "data_checksums": "on",
        "listen_addresses": "",
        "max_locks_per_transaction": "256",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "shared_buffers": "256MB",
    }
    assert locale == "bC.UTF-8"
    with pytest.raises(psycopg.OperationalError, match="password authentication"):
        ask(without_password, "SELECT 1")


def test_django_reads_the_url_as_libpq_does(postgres: Postgres) -> None:
    postgres.start()

    parsed = environ.Env.db_url_config(postgres.url)
    with psycopg.connect(
        dbname=parsed["NAME"],
        user=parsed["USER"],
        password=parsed["PASSWORD"],
        port=parsed["PORT"],
        **parsed["OPTIONS"],
    ) as connection:
        as_django = connection.info.dsn

    with psycopg.connect(postgres.url) as connection:
        assert connection.info.dsn == as_django


def test_a_second_start_finds_the_server(postgres: Postgres) -> None:
    postgres.start()
    question = "SELECT pg_postmaster_start_time()"
    first = ask(postgres.url, question)

    again = Postgres(postgres.folder)
    again.start()

    assert ask(again.url, question) == first


def test_a_killed_postmaster_is_started_again(postgres: Postgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_and_forget(pid_in(postgres.folder / "data" / "postmaster.pid"))

    assert not postgres.is_running()
    postgres.start()

    assert ask(postgres.url, "SELECT answer FROM kept") == 42


def test_a_reused_pid_is_not_taken_for_the_server(postgres: Postgres) -> None:
    postgres.start()
    pid_file = postgres.folder / "data" / "postmaster.pid"
    text = pid_file.read_text()
    postgres.stop()
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        _, _, rest = text.partition("\n")
        pid_file.write_text(f"{stranger.pid}\n{rest}")

        postgres.start()

        assert ask(postgres.url, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_half_made_cluster_is_made_again(postgres: Postgres) -> None:
    half_made = postgres.folder / "data.new.killed"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")

    postgres.start()

    assert ask(postgres.url, "SELECT 1") == 1
    assert not half_made.exists()


def test_a_missing_role_and_database_are_made_at_the_next_start(
    postgres: Postgres,
) -> None:
    postgres.start()
    with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE smarttrader")
        connection.execute("DROP ROLE smarttrader")
    (postgres.folder / "smarttrader.password").unlink()

    postgres.start()

    assert ask(postgres.url, "SELECT USER::text") == "smarttrader"


def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    server = Postgres(folder / ("long " * 20) / "postgres", durable=False)
    try:
        server.start()

        assert ask(server.url, "SELECT 1") == 1
    finally:
        server.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter it and not own it")
def test_a_folder_closed_to_the_server_account_works(folder: Path) -> None:
    closed = folder / "closed to others"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "var" / "postgres", durable=False)
    try:
        server.start()
        again = Postgres(closed / "var" / "postgres", durable=False)

        assert ask(server.url, "SELECT 1") == 1
        assert again.is_running()
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.remove()


# --- Valkey ---------------------------------------------------------------------------
def test_a_killed_valkey_is_started_again_at_the_same_url(valkey: Valkey) -> None:
    valkey.start()
    url = valkey.url
    kill_and_forget(pid_in(valkey.folder / "valkey.pid"))

    assert not valkey.is_running()
    valkey.start()

    assert valkey.is_running()
    assert valkey.url == url


def test_a_valkey_that_does_not_answer_is_replaced(valkey: Valkey) -> None:
    valkey.start()
    hung = pid_in(valkey.folder / "valkey.pid")
    os.kill(hung, signal.SIGSTOP)

    again = Valkey(valkey.folder)
    again.start()

    assert again.is_running()
    assert not processes.is_running(hung)
    again.stop()


def test_a_stranger_on_the_port_is_not_taken_for_ours(
    folder: Path, valkey: Valkey
) -> None:
    stranger = Valkey(folder / "stranger")
    stranger.start()
    try:
        (valkey.folder / "port").write_text((stranger.folder / "port").read_text())

        assert not valkey.is_running()
        valkey.start()

        assert stranger.is_running()
        assert valkey.is_running()
    finally:
        stranger.remove()


# --- Both -----------------------------------------------------------------------------
def test_services_tell_their_urls_while_they_run(services: Services) -> None:
    urls = services.start(CONSOLE)
    file = services.home / "services.env"
    told, mode = file.read_text(), file.stat().st_mode & 0o777
    assert services.leave()

    assert told == "".join(f"{name}={url}\n" for name, url in urls.items())
    assert mode == 0o600
    assert not file.exists()
    assert not services.are_running()


def test_the_last_one_out_stops_the_services(services: Services) -> None:
    services.start(CONSOLE)
    second = Services(services.home, {}, durable=False)
    second.start(CONSOLE)

    assert not services.leave()
    assert second.are_running()
    assert second.leave()
    assert not second.are_running()


def test_kept_services_outlive_a_run(services: Services) -> None:
    services.start(CONSOLE)
    services.keep()

    assert not services.leave()
    assert services.are_running()
    assert services.stop()
    assert not services.are_running()


def test_given_urls_are_used_and_nothing_is_started(folder: Path) -> None:
    given = {"DATABASE_URL": "postgres://elsewhere/db", "REDIS_URL": "redis://else/0"}
    services = Services(folder / "var", given)

    assert services.start(CONSOLE) == given
    assert services.leave()
    assert not (folder / "var" / "postgres").exists()
    assert not (folder / "var" / "valkey").exists()
    assert not (folder / "var" / "services.env").exists()


# --- The command ----------------------------------------------------------------------
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def devstack(folder: Path) -> Command:
    def call(*arguments: str, **options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*DEVSTACK, *arguments],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(folder)} | options,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_throw_away_services_leave_nothing(devstack: Command, folder: Path) -> None:
    script = 'echo "$DATABASE_URL $REDIS_URL"; exit 7'

    done = devstack(
        *("test", "--", "/bin/sh", "-c", script), DATABASE_URL="", REDIS_URL=""
    )
    database_url, redis_url = done.stdout.split()

    assert done.returncode == 7
    assert database_url.startswith("postgres://smarttrader:")
    assert quote(str(folder), safe="") in database_url
    assert redis_url.startswith("redis://:")
    assert list(folder.iterdir()) == []


def test_throw_away_services_respect_given_urls(devstack: Command) -> None:
    given = {"DATABASE_URL": "postgres://elsewhere/db", "REDIS_URL": "redis://else/0"}

    done = devstack(
        *("test", "--", "/bin/sh", "-c", 'echo "$DATABASE_URL $REDIS_URL"'), **given
    )

    assert done.stdout == "postgres://elsewhere/db redis://else/0\n"


def test_services_print_two_lines_and_stop(devstack: Command, folder: Path) -> None:
    home = ("--home", str(folder / "home"))
    none = {"DATABASE_URL": "", "REDIS_URL": ""}

    first = devstack(*home, "services", **none)
    second = devstack(*home, "services", **none)
    stopped = devstack(*home, "services-stop", **none)

    names = [line.partition("=")[0] for line in first.stdout.splitlines()]
    assert names == ["DATABASE_URL", "REDIS_URL"]
    assert second.stdout == first.stdout
    assert (stopped.returncode, stopped.stdout) == (0, "")
    assert not Postgres(folder / "home" / "postgres").is_running()


def test_a_taken_port_is_refused_before_anything_starts(
    devstack: Command, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = devstack("--home", str(folder / "home"), "run", "--port", str(port))

    assert done.returncode == 1
    assert done.stderr == (
        f"\nerror: Port {port} is taken. Choose another one: make run PORT={port + 1}\n"
    )
    assert not (folder / "home" / "postgres").exists()


def test_what_a_killed_test_run_left_is_removed(
    devstack: Command, folder: Path
) -> None:
    script = f"touch '{folder}/started'; exec sleep 60"
    options = {"TMPDIR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}
    with subprocess.Popen(
        [
            *DEVSTACK,
            "test",
            "--",
            "/bin/sh",
            "-c",
            f"echo $$ > '{folder}/pid'; {script}",
        ],
        cwd=ROOT,
        env=os.environ | options,
        stderr=subprocess.DEVNULL,
    ) as killed:
        assert processes.wait_until((folder / "started").exists, 30)
        killed.kill()
    os.kill(pid_in(folder / "pid"), signal.SIGKILL)
    left = {path.name for path in folder.iterdir()}

    devstack("test", "--", "/bin/true", DATABASE_URL="", REDIS_URL="")

    assert len(left) == 3
    assert {path.name for path in folder.iterdir()} == {"started", "pid"}


# --- Children -------------------------------------------------------------------------
SUPERVISOR = """
import os, sys, time
from pathlib import Path
from smarttrader.devstack.processes import SUPERVISOR_VARIABLE, Child, supervisor_mark
home = Path(sys.argv[1])
mark = {SUPERVISOR_VARIABLE: supervisor_mark(home)}
child = Child("child", ["/bin/sh", "-c", sys.argv[2]], mark, home)
child.start(lambda line: (home / "pid").write_text(line.split()[1]))
time.sleep(60)
"""


def killed_supervisor(home: Path, script: str) -> int:
    """Start a supervisor, kill it when its child has told its pid; return that."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(home), script], cwd=ROOT
    ) as supervisor:
        told = home / "pid"
        assert processes.wait_until(
            lambda: told.exists() and told.read_text() != "", 30
        )
        supervisor.kill()
    return pid_in(told)


@pytest.mark.skipif(not processes.has_proc(), reason="a service of the Linux kernel")
def test_a_child_dies_with_its_supervisor(folder: Path) -> None:
    child = killed_supervisor(folder, "echo $$; exec sleep 60")

    assert processes.wait_until(lambda: not processes.is_running(child), 10)


@pytest.mark.skipif(not processes.has_proc(), reason="a service of the Linux kernel")
def test_a_stuck_child_is_stopped_by_the_next_supervisor(folder: Path) -> None:
    child = killed_supervisor(folder, "trap '' TERM; echo $$; exec sleep 60")
    assert processes.is_running(child)

    assert processes.stop_orphans(folder / "another home") == 0
    assert processes.stop_orphans(folder) == 1
    assert not processes.is_running(child)


# --- Not as root ----------------------------------------------------------------------
CAN_IMPORT = f"""
import os, sys
assert sys.version_info[:2] == {sys.version_info[:2]}
[os.listdir(folder) for folder in sys.argv[2:]]
"""
START_AND_STOP = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from smarttrader.devstack.postgres import Postgres
from smarttrader.devstack.valkey import Valkey
home = Path(sys.argv[1])
servers = [Postgres(home / "postgres", durable=False), Valkey(home / "valkey")]
for server in servers:
    server.start()
print(*(server.is_running() for server in servers))
for server in servers:
    server.remove()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already are not root's")
def test_the_servers_run_without_root(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    home = folder / "of nobody"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)

    def as_nobody(script: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            # Not our own Python: it may lie below root's home.
            ["/usr/bin/python3", "-c", script, str(home), str(ROOT), packages],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    if as_nobody(CAN_IMPORT).returncode:
        pytest.skip("nobody cannot read this project, or has no Python of its version")
    done = as_nobody(START_AND_STOP)

    assert (done.stdout, done.stderr) == ("True True\n", "")
