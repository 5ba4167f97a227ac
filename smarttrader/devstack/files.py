"""Private files, generated passwords and locks between supervisors."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; a reader sees all of it or nothing."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def kept_secret(path: Path) -> str:
    """Return the secret in `path`; the first call makes it."""
    if not path.exists() or not path.read_text():
        write_private(path, secrets.token_hex(24))
    return path.read_text()


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class SharedUse:
    """Tell whether somebody else uses a thing.

    Each user holds a shared lock. The kernel drops it with its process, so a
    supervisor that was killed is not counted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def begin(self) -> None:
        self.end()
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_mine_alone(self) -> bool:
        """Tell whether nobody else holds it; holds it no longer shared if so."""
        if self._file is None:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
