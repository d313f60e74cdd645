"""Ties a program's life to its parent's: `python leash.py PARENT_PID PROGRAM [ARGUMENT …]`.

The supervisor starts each child through this file, so that even its own SIGKILL leaves no orphan.
On Linux the kernel is asked to kill this process with its parent, and the program then replaces it
(the wish survives exec). Elsewhere this process stays beside the program as a guard. It is run by
its path with `-I -S`, before any installed package, and may import the standard library alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GUARD_SECONDS = 0.2


def main() -> None:
    """Become the program, or guard it where the kernel can't."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if not sys.platform.startswith("linux"):
        sys.exit(guard(parent, program))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we had asked
        sys.exit(1)
    try:
        os.execv(program[0], program)  # noqa: S606 - the supervisor's own command, without a shell
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


def guard(parent: int, program: Sequence[str]) -> int:
    """Run the program beside us and return its exit code; kill our group when the parent is gone.

    Signals reach the whole group, so the program gets those that we ignore here.
    """
    try:
        process = subprocess.Popen(program, close_fds=False)  # noqa: S603 - as above
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while process.poll() is None:
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        time.sleep(_GUARD_SECONDS)
    code = process.returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main()
