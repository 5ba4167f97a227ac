"""Make .venv from a hash-pinned requirements file: `python venv.py requirements.txt`.

Then compile the catalogs of translations, which are not committed as they are read.

Runs under any Python >= 3.11 with nothing installed, so it imports the standard library
only and is started by path. A second run is instant; an interrupted one is redone.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".installing"
NO_VENV = """
error: this Python cannot make a virtual environment: its module venv or ensurepip is
missing. On Debian and Ubuntu: apt-get install python3-venv. Or name another Python:
make PYTHON=/path/to/python3.11"""


def main() -> int:
    return _install(ROOT / sys.argv[1]) or _compile_catalogs()


def _install(requirements: Path) -> int:
    fingerprint = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = VENV / f".installed-{requirements.stem}"
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_usable() and stamp.exists() and stamp.read_text() == fingerprint:
            return 0
        if not _is_usable() and not _create():
            print(NO_VENV, file=sys.stderr)
            return 1
        status = _pip_install(requirements)
        if status == 0:
            stamp.write_text(fingerprint)
        return status


def _is_usable() -> bool:
    """Tell whether .venv is whole: its Python may be gone, or pip never came.

    A pip that was killed leaves packages that look installed and are not.
    """
    if not PYTHON.exists() or UNFINISHED.exists():
        return False
    return _quietly([str(PYTHON), "-c", "import pip"]) == 0


def _create() -> bool:
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"==> Making .venv with Python {version}", flush=True)
    return _quietly([sys.executable, "-m", "venv", "--clear", str(VENV)]) == 0


def _pip_install(requirements: Path) -> int:
    print(f"==> Installing {requirements.name} into .venv", flush=True)
    UNFINISHED.touch()
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes"]
    done = subprocess.run(
        [*command, "--requirement", str(requirements)],
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    if done.returncode == 0:
        UNFINISHED.unlink()
    return done.returncode


def _compile_catalogs() -> int:
    command = [str(PYTHON), "-m", "smarttrader.devstack.catalogs"]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def _quietly(command: list[str]) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode


if __name__ == "__main__":
    sys.exit(main())
