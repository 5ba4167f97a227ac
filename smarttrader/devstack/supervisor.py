"""`make run`: the services, the database's shape, then web, worker, beat and EAs."""

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from smarttrader.devstack import processes
from smarttrader.devstack.console import Console, seconds_since
from smarttrader.devstack.errors import DevstackError, StopRequestedError
from smarttrader.devstack.processes import Child
from smarttrader.devstack.services import Services, Urls

WEB_WORKERS = 2
WEB_THREADS = 4
CELERY_PROCESSES = 2
CELERY = (sys.executable, "-m", "celery", "--app", "smarttrader", "--quiet")
WATCH_SECONDS = 0.5
FIRST_ANSWER_SECONDS = 120
# What the EAs missed lately is hurried through, then they go on in real time: somebody
# who has just signed in sees curves move at once.
EA_MINUTES, EA_SPEED = 3, 60
# A child that dies again waits twice as long, up to the last; who lived this long
# starts anew.
BACKOFF_SECONDS = (1, 2, 4, 8, 16, 30)
STABLE_SECONDS = 60
MAX_DEATHS_BEFORE_ANSWER = 3
LOG_INS = (
    ("staff", "admin@example.com"),
    ("reseller", "bob@example.com"),
    ("user", "alice@example.com"),
)
PASSWORD = "smart-trader-demo"  # noqa: S105  # of the demo accounts that `seed` makes


class Supervised:
    """A child and when it may be started again."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.deaths = 0
        self._started = 0.0
        self._restart_at: float | None = None

    def start(self, console: Console) -> None:
        self._restart_at = None
        self._started = time.monotonic()
        self.child.start(console.say)

    def watch(self, console: Console) -> None:
        """Notice a death, and start the child again when its time has come."""
        if self._restart_at is not None:
            if time.monotonic() >= self._restart_at:
                console.say(f"[{self.child.name}] is started again")
                self.start(console)
            return
        status = self.child.exit_status()
        if status is None:
            return
        self.child.kill_rest()
        if time.monotonic() - self._started > STABLE_SECONDS:
            self.deaths = 0
        wait = BACKOFF_SECONDS[min(self.deaths, len(BACKOFF_SECONDS) - 1)]
        self.deaths += 1
        self._restart_at = time.monotonic() + wait
        console.say(
            f"[{self.child.name}] ended with status {status}: "
            f"it is started again in {wait} s"
        )


class Supervisor:
    """One `make run`: one port of one home."""

    def __init__(
        self, root: Path, services: Services, port: int, *, debug: bool, bots: int
    ) -> None:
        self._root = root
        self._services = services
        self._port = port
        self._debug = debug
        self._bots = bots if debug else 0  # without DEBUG there are no demo accounts
        self._console = Console()
        self._stop_requested = threading.Event()
        self._urls: Urls = {}
        self._children: list[Supervised] = []

    def run(self) -> None:
        """Bring everything up and keep it up until a signal asks to stop."""
        self._heed_signals()
        started = time.monotonic()
        self._clear_the_way()
        try:
            self._urls = self._services.start(self._console)
            self._prepare()
            self._start_children()
            self._await_first_answer()
            self._start_eas()
            self._console.say(self._welcome(started))
            while True:
                self._pause()
                self._look_after()
        except StopRequestedError:
            self._console.say("==> Stopping ...")
        finally:
            self._stop()

    def _heed_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Who said nohup means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: self._stop_requested.set())

    # --- Up ---------------------------------------------------------------------------
    def _clear_the_way(self) -> None:
        orphans = processes.stop_orphans(self._services.home)
        if orphans:
            self._console.say(f"==> Stopped {orphans} processes of a killed run")
        if not processes.is_port_free(self._port):
            raise DevstackError(
                f"Port {self._port} is taken. Choose another one: "
                f"make run PORT={self._port + 1}"
            )

    def _prepare(self) -> None:
        """Bring the database up to date. Two runs of one home take turns."""
        commands = [["migrate", "--verbosity=0"], ["ensure_partitions"]]
        if self._debug:  # whitenoise then serves static files where they lie
            commands.append(["seed"])
        else:  # nobody wants accounts there whose password is in the README
            commands.append(["collectstatic", "--noinput", "--verbosity=0"])
        with self._services.lock():
            for command in commands:
                with self._console.step(f"manage.py {command[0]}"):
                    self._manage(command)

    def _manage(self, command: Sequence[str]) -> None:
        child = Child(
            command[0],
            [sys.executable, "manage.py", *command],
            self._environment(),
            self._root,
        )
        child.start(self._console.say)
        started = time.monotonic()
        told = started
        while (status := child.exit_status()) is None:
            if self._stop_requested.wait(0.05):
                child.stop()
                raise StopRequestedError
            if time.monotonic() - told > processes.LONG_STEP_SECONDS:
                told = time.monotonic()
                self._console.say(f"    ... {command[0]}: {seconds_since(started)}")
        child.finish()
        if status:
            raise DevstackError(f"manage.py {command[0]} failed with status {status}.")

    def _start_children(self) -> None:
        environment = self._environment()
        self._children = [
            Supervised(child)
            for child in (
                self._web(environment),
                self._worker(environment),
                self._beat(environment),
            )
        ]
        for supervised in self._children:
            supervised.start(self._console)

    def _start_eas(self) -> None:
        if self._bots:
            eas = Supervised(self._eas(self._environment()))
            self._children.append(eas)
            eas.start(self._console)

    def _environment(self) -> dict[str, str]:
        mark = processes.supervisor_mark(self._services.home)
        return {
            "SITE_URL": f"http://127.0.0.1:{self._port}",
            "PYTHONUNBUFFERED": "1",
            **os.environ,
            **self._urls,
            processes.SUPERVISOR_VARIABLE: mark,
        }

    def _web(self, environment: dict[str, str]) -> Child:
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(self._port)),
            *("--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS)),
            *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
            "smarttrader.wsgi:application",
        ]
        limits = {
            "DATABASE_STATEMENT_TIMEOUT_SECONDS": "5",
            "DATABASE_POOL_SIZE": str(WEB_THREADS),
        }
        return Child("web", command, limits | environment, self._root)

    def _worker(self, environment: dict[str, str]) -> Child:
        arguments = [
            *("worker", "--concurrency", str(CELERY_PROCESSES), "--loglevel", "INFO"),
            # Two runs of one home share a broker, where names must differ.
            *("--hostname", f"port{self._port}@%h"),
            # Talk between workers: there is one, and gossip breaks when Valkey dies.
            *("--without-gossip", "--without-mingle"),
        ]
        # On a laptop root runs what root started; Celery need not say so each time.
        quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
        return Child("worker", [*CELERY, *arguments], quiet | environment, self._root)

    def _beat(self, environment: dict[str, str]) -> Child:
        schedule = self._services.home / f"celerybeat-{self._port}"
        arguments = [
            *("beat", "--schedule", str(schedule), "--pidfile", ""),
            *("--loglevel", "INFO"),
        ]
        return Child("beat", [*CELERY, *arguments], environment, self._root)

    def _eas(self, environment: dict[str, str]) -> Child:
        command = [
            *(sys.executable, "manage.py", "simulate", "--demo", "--forever"),
            *("--bots", str(self._bots)),
            *("--minutes", str(EA_MINUTES), "--speed", str(EA_SPEED)),
            *("--url", f"http://127.0.0.1:{self._port}"),
        ]
        return Child("eas", command, environment, self._root)

    def _await_first_answer(self) -> None:
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while not self._page_answers():
            self._pause()
            self._look_after()
            if (
                self._children[0].deaths >= MAX_DEATHS_BEFORE_ANSWER
                or time.monotonic() > deadline
            ):
                raise DevstackError("The web server does not answer: see [web] above.")

    def _page_answers(self) -> bool:
        url = f"http://127.0.0.1:{self._port}/"
        opener = urllib.request.build_opener(_NoRedirect, _NO_PROXY)
        try:
            opener.open(url, timeout=10).close()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code < 500  # noqa: PLR2004
        except OSError:
            return False
        return True

    def _welcome(self, started: float) -> str:
        rule = "-" * 64
        lines = [f"  {who:9} {email:20} {PASSWORD}" for who, email in LOG_INS]
        log_ins = ["Log in as", *lines] if self._debug else []
        return "\n".join(
            [
                rule,
                f"Smart Stock Trader is up after {seconds_since(started)}:",
                f"  http://127.0.0.1:{self._port}/",
                *log_ins,
                "Ctrl-C stops everything; the data stays.",
                rule,
            ]
        )

    # --- Watching ---------------------------------------------------------------------
    def _look_after(self) -> None:
        """Start again whatever died."""
        if not self._services.are_running():
            self._revive_services()
        for supervised in self._children:
            supervised.watch(self._console)

    def _revive_services(self) -> None:
        try:
            revived = self._services.revive(self._console)
        except DevstackError as error:  # tried again at the next look
            self._console.say(str(error))
            return
        if revived != self._urls:  # somebody took Valkey's port in between
            self._urls = revived
            self._stop_children()
            self._start_children()
            self._start_eas()  # they wait for the page by themselves

    def _pause(self) -> None:
        if self._stop_requested.wait(WATCH_SECONDS):
            raise StopRequestedError

    # --- Down -------------------------------------------------------------------------
    def _stop(self) -> None:
        self._stop_children()
        if self._services.leave():
            self._console.say("==> Stopped.")
        else:
            self._console.say("==> Stopped; PostgreSQL and Valkey are still in use.")

    def _stop_children(self) -> None:
        """Stop who asks, who takes work in, who hands it out, then who does it."""
        by_name = {supervised.child.name: supervised for supervised in self._children}
        for name in ("eas", "web", "beat", "worker"):
            if name in by_name:
                with self._console.step(f"Stopping {name}"):
                    by_name[name].child.stop()
        self._children = []


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer is an answer: the log-in page behind it may want TLS."""

    def redirect_request(self, *_: object) -> None:
        return None


_NO_PROXY = urllib.request.ProxyHandler({})
