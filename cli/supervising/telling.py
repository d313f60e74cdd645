"""How the supervisor passes on what its children say, and says something itself."""

import json
import sys
import time
from contextlib import suppress

from cli.supervising.child import Say
from genart_core.logs import Format, json_line


def teller(form: Format) -> Say:
    """Return what writes one line of the log, to standard error."""
    return _tell_programs if form == "json" else _tell_people


def _tell_people(who: str, line: str) -> None:
    _write(f"{who:<8} | {line}")


def _tell_programs(who: str, line: str) -> None:
    """Write one JSON object; a child's own is passed on with the name of the child in it."""
    if line.strip():
        _write(_marked(who, line) or _wrapped(who, line))


def _marked(who: str, line: str) -> str:
    if line.startswith('{"timestamp":') and line.endswith("}"):
        with suppress(ValueError):
            json.loads(line)  # a line that was torn apart is none
            return f'{line[:-1]}, "process": {json.dumps(who)}}}'
    return ""


def _wrapped(who: str, line: str) -> str:
    process = {"process": who}
    return json_line(created=time.time(), level="INFO", logger=who, message=line, fields=process)


def _write(line: str) -> None:
    """A reader that has gone away must not stop the service."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
