"""Become the given command, and get SIGTERM when the supervisor dies.

Started by path, not with -m: it runs before every child, so it imports next to
nothing. `prctl` has to be called inside the child; a `preexec_fn` would call it between
fork and exec, where a supervisor with threads may deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    supervisor, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # It may have died before prctl was called: then nobody will ever send the signal.
    if os.getppid() != int(supervisor):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
