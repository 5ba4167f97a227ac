"""Look at, start and stop processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PROC = Path("/proc")
# Children carry it, so that the next supervisor knows those of a dead one.
SUPERVISOR_VARIABLE = "SMARTTRADER_SUPERVISOR"
_CHILD_COMMAND = (
    *(sys.executable, "-I", "-S"),
    str(Path(__file__).with_name("child.py")),
)
LONG_STEP_SECONDS = 10
# A grandchild may hold the pipe open for longer than we want to wait.
LAST_LINES_SECONDS = 2.0
# How long a process may take over each signal before the next, harder one.
GENTLE = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
# They got SIGTERM when their supervisor died: who still runs is stuck.
ORPHANS = ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))

Say = Callable[[str], None]
Signals = Sequence[tuple[int, float]]


# --- Looking --------------------------------------------------------------------------
def is_running(pid: int) -> bool:
    """Tell whether a process lives; a zombie does not, though kill(pid, 0) says so."""
    if not has_proc():
        return _accepts_signals(pid)
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def started_at(pid: int) -> str:
    """Return the kernel's start time of a process, which a reused pid differs in."""
    stat = _stat(pid)
    return stat[19] if stat else ""


def belongs_to(pid: int, program: str, folder: Path, argument: str) -> bool:
    """Tell whether a living process is `program`, working in `folder` or on `argument`.

    A recorded pid may long be another process. Root in a container may not read the
    folder of another account's process, but may read its command line.
    """
    if not is_running(pid):
        return False
    command = _command_line(pid)
    if not command or program not in command[0]:
        return False
    return not has_proc() or argument in command or _works_in(pid, folder)


def has_proc() -> bool:
    return (PROC / "self").exists()


def _accepts_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the name in parentheses."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _command_line(pid: int) -> list[str]:
    if has_proc():
        try:
            text = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return []
        return text.split("\0")
    ps = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
    done = subprocess.run(ps, capture_output=True, text=True, check=False)
    return [done.stdout.strip()]


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return (PROC / str(pid) / "cwd").samefile(folder)
    except OSError:
        return False


# --- Stopping -------------------------------------------------------------------------
def stop(pid: int, signals: Signals = GENTLE) -> None:
    """Send each signal in turn until the process is gone."""
    for number, seconds in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not is_running(pid), seconds):
            return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stop_orphans(home: Path) -> int:
    """Stop the children of supervisors of `home` that were killed; return how many."""
    orphans = [pid for pid, mark in _marked_processes() if _is_orphan(mark, home)]
    for number, seconds in ORPHANS:
        for pid in orphans:
            if is_running(pid):
                os.kill(pid, number)
        wait_until(lambda: not any(map(is_running, orphans)), seconds)
    return len(orphans)


def supervisor_mark(home: Path) -> str:
    return f"{os.getpid()}:{started_at(os.getpid())}:{home}"


def _marked_processes() -> Iterator[tuple[int, str]]:
    prefix = f"{SUPERVISOR_VARIABLE}="
    for folder in PROC.glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:  # another account's, or gone
            continue
        for variable in variables.split("\0"):
            if variable.startswith(prefix):
                yield int(folder.name), variable.removeprefix(prefix)


def _is_orphan(mark: str, home: Path) -> bool:
    pid, started, marked_home = mark.split(":", 2)
    return marked_home == str(home) and started_at(int(pid)) != started


# --- Ports ----------------------------------------------------------------------------
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        # Without it the closing connections of the run before count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# --- Children -------------------------------------------------------------------------
class Child:
    """A process of our own, in its own session, whose lines we print with its name."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.name = name
        self._command = [*command]
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._relay: threading.Thread | None = None

    def start(self, say: Say) -> None:
        """Start it. Only the main thread may: the death signal follows the thread."""
        # Its own session keeps Ctrl-C for the supervisor, which stops all in order.
        self._process = subprocess.Popen(
            [*_CHILD_COMMAND, str(os.getpid()), *self._command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._relay = threading.Thread(
            target=self._relay_lines, args=(self._process, say), daemon=True
        )
        self._relay.start()

    def exit_status(self) -> int | None:
        """Return the exit status; None while it runs, or once its rest is killed."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Stop it and whatever it left behind."""
        if self._process is None:
            return
        if self._process.poll() is None:
            stop(self._process.pid)
            self._process.wait()
        self.kill_rest()

    def kill_rest(self) -> None:
        """Kill what a dead child left in its process group: web and Celery workers."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # Once only: later the number may be another group's.
        self._process = None

    def finish(self) -> None:
        """Wait for the last lines of a child that has ended."""
        if self._relay is not None:
            self._relay.join(LAST_LINES_SECONDS)

    def _relay_lines(self, process: subprocess.Popen[str], say: Say) -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout as lines:
            for line in lines:
                say(f"[{self.name}] {line.rstrip()}")
