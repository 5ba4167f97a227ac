"""The folder in which the web processes of one server count together.

Imports no prometheus_client, which chooses at its own import where it counts.
"""

import os
import shutil
from pathlib import Path

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_counts(parent: Path) -> None:
    """Let this process count with its siblings; forget servers that are gone."""
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.iterdir():
        if folder.name.isdigit() and not _is_running(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    # Workers are children of one server, also those that it starts in another's place.
    mine = parent / str(os.getppid())
    mine.mkdir(exist_ok=True)
    os.environ[DIRECTORY_VARIABLE] = str(mine)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another account's
        pass
    return True
