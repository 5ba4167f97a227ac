"""PostgreSQL and Valkey of one folder, as one thing to start, watch and stop."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from smarttrader.devstack import processes
from smarttrader.devstack.console import Console
from smarttrader.devstack.files import SharedUse, exclusive_lock, write_private
from smarttrader.devstack.postgres import NO_SETTINGS, Postgres
from smarttrader.devstack.valkey import Valkey

Urls = dict[str, str]
THROW_AWAY_PREFIX = "smart-stock-trader-test-"


class Server(Protocol):
    """What PostgreSQL and Valkey have in common."""

    @property
    def url(self) -> str: ...
    def start(self) -> None: ...
    def is_running(self) -> bool: ...
    def stop(self) -> None: ...
    def remove(self) -> None: ...


class Services:
    """The servers of one `home`, but for those that a URL is given for.

    `home` holds the data, and `services.env`, which settings.py reads. Supervisors of
    one home share the servers: the last one out stops them, unless they are kept
    (`make services`).
    """

    def __init__(
        self,
        home: Path,
        given: Mapping[str, str],
        *,
        durable: bool = True,
        postgres_settings: Mapping[str, str] = NO_SETTINGS,
    ) -> None:
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self._durable = durable
        self._postgres_settings = postgres_settings
        self._given = {
            name: given[name]
            for name in ("DATABASE_URL", "REDIS_URL")
            if given.get(name)
        }
        self._servers: dict[str, Server] = {}
        self._use = SharedUse(self.home / "services.use")
        self._kept = self.home / "services.keep"
        self._urls_file = self.home / "services.env"

    def start(self, console: Console) -> Urls:
        """Start or find the servers; return DATABASE_URL and REDIS_URL."""
        # Before the lock: who stops the servers under the lock then sees us.
        self._use.begin()
        with self.lock():
            if "DATABASE_URL" not in self._given:
                self._servers["DATABASE_URL"] = self._postgres()
            if "REDIS_URL" not in self._given:
                self._servers["REDIS_URL"] = self._valkey()
            for server in self._servers.values():
                with console.step(f"Starting {type(server).__name__}"):
                    server.start()
            return self._announce()

    def are_running(self) -> bool:
        return all(server.is_running() for server in self._servers.values())

    def revive(self, console: Console) -> Urls:
        """Start again what died; return the URLs, which may have changed."""
        with self.lock():
            for server in self._servers.values():
                if not server.is_running():
                    name = type(server).__name__
                    with console.step(f"{name} died: starting it again"):
                        server.start()
            return self._announce()

    def keep(self) -> None:
        """Let the servers outlive every supervisor, until they are stopped by name."""
        self._kept.touch()

    def leave(self) -> bool:
        """Stop the servers if nobody else needs them; tell whether that was so."""
        with self.lock():
            needed = self._kept.exists() or not self._use.is_mine_alone()
            # Under the lock, else two who leave at once see each other and stop none.
            self._use.end()
            if not needed:
                self._stop_all()
            return not needed

    def stop(self) -> bool:
        """Stop kept servers and those of killed supervisors, unless some are in use."""
        self._kept.unlink(missing_ok=True)
        self._use.begin()
        return self.leave()

    def remove(self) -> None:
        """Stop the servers and delete their data."""
        for server in self._all_servers():
            server.remove()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other supervisors of this home from starting and stopping."""
        with exclusive_lock(self.home / "services.lock"):
            yield

    def _announce(self) -> Urls:
        started = {name: server.url for name, server in self._servers.items()}
        if started:
            lines = "".join(f"{name}={url}\n" for name, url in started.items())
            write_private(self._urls_file, lines)
        return self._given | started

    def _stop_all(self) -> None:
        self._urls_file.unlink(missing_ok=True)
        for server in self._all_servers():
            server.stop()

    def _all_servers(self) -> Iterator[Server]:
        """Yield the servers that this home has data of, Valkey first."""
        if (self.home / "valkey").exists():
            yield self._servers.get("REDIS_URL") or self._valkey()
        if (self.home / "postgres").exists():
            yield self._servers.get("DATABASE_URL") or self._postgres()

    def _postgres(self) -> Server:
        return Postgres(
            self.home / "postgres",
            durable=self._durable,
            settings=self._postgres_settings,
        )

    def _valkey(self) -> Server:
        return Valkey(self.home / "valkey", durable=self._durable)


@contextmanager
def throw_away_services(
    given: Mapping[str, str],
    console: Console,
    postgres_settings: Mapping[str, str] = NO_SETTINGS,
) -> Iterator[Urls]:
    """Run servers on data that is deleted afterwards, and so need not be safe."""
    _remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix=f"{THROW_AWAY_PREFIX}{os.getpid()}-"))
    # When we are root, PostgreSQL's own account must pass through.
    home.chmod(0o711)
    services = Services(home, given, durable=False, postgres_settings=postgres_settings)
    try:
        yield services.start(console)
    finally:
        services.remove()
        shutil.rmtree(home)


def _remove_abandoned() -> None:
    """Remove what killed test runs of this account left running."""
    for home in Path(tempfile.gettempdir()).glob(f"{THROW_AWAY_PREFIX}*-*"):
        pid = int(home.name.removeprefix(THROW_AWAY_PREFIX).split("-")[0])
        # Another run may be removing it at the same time.
        with suppress(FileNotFoundError):
            if home.stat().st_uid == os.geteuid() and not processes.is_running(pid):
                Services(home, {}, durable=False).remove()
                shutil.rmtree(home, ignore_errors=True)
