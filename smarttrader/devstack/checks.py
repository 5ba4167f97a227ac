"""`make test`: every check in turn, up to the first that fails.

Runs inside `python -m smarttrader.devstack test`, which gives it its own PostgreSQL and
Valkey.
"""

import argparse
import base64
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smarttrader.devstack.console import Console, seconds_since
from smarttrader.devstack.errors import DevstackError

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
XDIST_WORKERS = "2"
# Unsafe settings of production are warnings of Django's `check --deploy`.
PRODUCTION_LIKE = {
    "DEBUG": "False",
    "SITE_URL": "https://trader.example.com",
    "ALLOWED_HOSTS": "trader.example.com",
}


@dataclass(frozen=True)
class Check:
    """One step of `make test`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Result:
    """How a check went; `summary` is pytest's closing line."""

    name: str
    outcome: str = "not run"
    took: str = ""
    summary: str = ""

    def __str__(self) -> str:
        return f"  {self.name:14} {self.outcome:8} {self.took:>9}  {self.summary}"


def main() -> int:
    options = _parser().parse_args()
    console = Console()
    started = time.monotonic()
    try:
        checks = _checks(options, console)
    except DevstackError as error:
        console.say(f"\nBROWSER TESTS NOT RUN\nerror: {error}")
        return 1
    results = [Result(check.name) for check in checks]
    passed = _run_all(checks, results, console)
    console.say(_report(results, started))
    return 0 if passed else 1


def _checks(options: argparse.Namespace, console: Console) -> list[Check]:
    arguments = shlex.split(os.environ.get("PYTEST_ARGS", ""))
    chosen = "not browser" if options.nightly else "not browser and not nightly"
    unit = ["-n", XDIST_WORKERS, "-m", chosen, *arguments]
    nightly = {"HYPOTHESIS_PROFILE": "nightly"} if options.nightly else {}
    checks = [] if options.browser_only else _static_checks()
    if not options.browser_only:
        checks.append(Check("unit tests", _module("pytest", *unit), nightly))
    if options.browser_only or os.environ.get("E2E", "1") != "0":
        browser = {"CHROMIUM": find_chromium(console.say), **nightly}
        command = _module("pytest", "-n", XDIST_WORKERS, "-m", "browser", *arguments)
        checks.append(Check("browser tests", command, browser))
    else:
        console.say("E2E=0: the browser tests are left out.")
    return checks


def _static_checks() -> list[Check]:
    production = {
        **PRODUCTION_LIKE,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(64),
        "LICENSE_KEYRING": "k1:" + _url_safe(secrets.token_bytes(64)),
    }
    deploy = ("check", "--deploy", "--fail-level", "WARNING")
    return [
        Check("lint", _module("ruff", "check", ".")),
        Check("format", _module("ruff", "format", "--check", ".")),
        Check("types", _module("mypy", ".")),
        Check("layers", [_beside_python("lint-imports")]),
        Check("migrations", _manage("makemigrations", "--check", "--dry-run")),
        Check("deploy check", _manage(*deploy), production),
    ]


def _run_all(checks: list[Check], results: list[Result], console: Console) -> bool:
    for check, result in zip(checks, results, strict=True):
        console.say(f"\n==> {check.name}: {shlex.join(check.command)}")
        started = time.monotonic()
        status, result.summary = _run(check, console)
        result.took = seconds_since(started)
        result.outcome = "FAILED" if status else "ok"
        console.say(f"==> {check.name}: {result.outcome} in {result.took}")
        if status:
            return False
    return True


def _run(check: Check, console: Console) -> tuple[int, str]:
    """Run a check, its lines passed on; return its status and pytest's last line."""
    process = subprocess.Popen(
        check.command,
        env={**os.environ, **check.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None  # noqa: S101
    summary = ""
    for line in process.stdout:
        console.say(line.rstrip("\n"))
        if line.startswith("=") and " in " in line:
            summary = line.strip()
    return process.wait(), summary


def _report(results: list[Result], started: float) -> str:
    lines = [str(result) for result in results]
    failed = [result.name for result in results if result.outcome != "ok"]
    verdict = f"FAILED at: {failed[0]}" if failed else "all passed"
    return "\n".join(["", *lines, f"{verdict}, {seconds_since(started)}"])


# --- Chromium -------------------------------------------------------------------------
def find_chromium(say: Callable[[str], None]) -> str:
    """Return the path of a Chromium; root gets one installed where there is none."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    found = _chromium_on_path()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        _install_chromium(say)
        found = _chromium_on_path()
    if not found:
        raise DevstackError(
            "No Chromium was found. Install one, name it with CHROMIUM=/path, or leave "
            "the browser tests out with E2E=0."
        )
    return found


def _chromium_on_path() -> str | None:
    paths = (shutil.which(name) for name in CHROMIUM_NAMES)
    return next((path for path in paths if path), None)


def _install_chromium(say: Callable[[str], None]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "-y", "chromium")):
        say(f"==> apt-get {' '.join(arguments)} (for the browser tests) ...")
        subprocess.run(
            ["/usr/bin/apt-get", "-qq", *arguments],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )


# --- Small things ---------------------------------------------------------------------
def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def _beside_python(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def _url_safe(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smarttrader.devstack.checks")
    parser.add_argument("--browser-only", action="store_true")
    parser.add_argument("--nightly", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
