"""The web tier, in one process, to be measured."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from smarttrader.bench.client import Client
from smarttrader.bench.databases import environment_of

START_SECONDS = 180  # at idle priority on a busy machine
STOP_SECONDS = 20
THREADS = 4
KILOBYTE = 1024
UNLIMITED = str(10**9)
NO_LIMITS = dict.fromkeys(
    (
        "EA_CALLS_PER_IP",
        *(
            f"EA_{call}_PER_BOT"
            for call in ("HEARTBEAT", "SYNC", "TRADES", "TICKS", "LOGS", "SETTINGS")
        ),
    ),
    UNLIMITED,
)


@contextmanager
def web_server(database: str) -> Iterator[tuple[int, int]]:
    """Serve a database; yield port and process id. Calls are counted as ever."""
    port = free_port()
    with TemporaryDirectory() as static:
        # As in production: DEBUG keeps a list of all statements. But no line for each
        # request: the terminal that takes them would be measured, too.
        environment = {
            **environment_of(database),
            **NO_LIMITS,
            "DEBUG": "False",
            "LOG_FORMAT": "line",
            "STATIC_ROOT": static,
        }
        _collect_static(environment)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--no-log"),
                *("--workers", "1", "--blocking-threads", str(THREADS)),
                "smarttrader.bench.wsgi:application",
            ],
            env=environment,
        )
        try:
            _wait_for(port, process)
            yield port, process.pid
        finally:
            _stop(process)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _collect_static(environment: dict[str, str]) -> None:
    """Pages without DEBUG name their style sheets and scripts by what they hold."""
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"],
        env=environment,
        check=True,
    )


def megabytes_of_family(pid: int) -> float:
    """Return the memory of a process and its children; what is shared counts once."""
    return sum(map(_megabytes, _family(pid)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    held = next(line for line in lines if line.startswith("Pss:"))
    return int(held.split()[1]) / KILOBYTE


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, also one that waits for a connection that nobody closes."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for each in (*_family(process.pid),):
            os.kill(each, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client = Client(port)
        except OSError:
            time.sleep(0.1)
        else:
            client.close()
            return
    raise RuntimeError(f"the server of process {os.getpid()} did not start")
