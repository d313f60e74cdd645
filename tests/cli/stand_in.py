"""A child process for tests of the supervisor: `stand_in.py NAME JOURNAL [stubborn] [sick]`.

Writes one line to the journal for its start (with its pid and epoch) and one for its SIGTERM. A
stubborn one stays after that; a sick one ends at once with exit code 3.
"""

import os
import signal
import sys
import threading
from pathlib import Path

name, journal, *traits = sys.argv[1:]


def note(event: str) -> None:
    """Append a line; short ones are written whole."""
    with Path(journal).open("a") as file:
        file.write(f"{name} {event}\n")


def end(*_: object) -> None:
    """Take SIGTERM."""
    note("told")
    if "stubborn" not in traits:
        note("ended")
        os._exit(0)


signal.signal(signal.SIGTERM, end)
note(f"started {os.getpid()} {os.environ.get('GENART_EPOCH', '-')}")
sys.stdout.write(f"{name} says hello\n")
sys.stdout.flush()
if "sick" in traits:
    sys.exit(3)
while True:
    threading.Event().wait(60)
