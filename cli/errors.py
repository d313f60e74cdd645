"""Errors of the command line; each is told to the user in one sentence, without a traceback.

CommandError               the command can't do what it was asked to
 ├── SettingsError         a setting has an impossible value
 ├── HomeInUseError        another supervisor holds the home folder
 ├── ChildFailedError      a child process ended again and again before it was ready
 ├── OptionError           an option has an impossible value
 ├── ServiceError          a service can't be reached, or doesn't speak as ours does
 ├── ProblemReplyError     a service answered with a problem
 └── JobFailedError        a job ended without an artwork
"""

from collections.abc import Mapping, Sequence
from typing import Any


class CommandError(Exception):
    """Raised when a command ends for a reason that the user can do something about."""

    exit_code = 1


class SettingsError(CommandError):
    """Raised for a setting or option that can't be used; the message names it."""

    exit_code = 2


class HomeInUseError(CommandError):
    """Raised when the home folder belongs to a running supervisor."""

    def __init__(self, home: str, holder: str) -> None:
        super().__init__(
            f"genart already runs on {home} ({holder}); stop it, or set another GENART_HOME"
        )
        self.holder = holder


class ChildFailedError(CommandError):
    """Raised when a child process can't be started; carries its last log lines."""

    def __init__(self, name: str, ending: str, last_lines: Sequence[str]) -> None:
        said = "".join(f"\n  {line}" for line in last_lines) or "\n  (nothing)"
        super().__init__(f"{name} can't start: it {ending}. Its last lines were:{said}")
        self.name = name


class OptionError(CommandError):
    """Raised for an option that can't be used, with what is wrong with it."""

    exit_code = 2

    def __init__(self, option: str, detail: str) -> None:
        super().__init__(f"{option}: {detail}")
        self.option = option


class ServiceError(CommandError):
    """Raised when a service can't be reached, or what answers is none of ours."""


class ProblemReplyError(CommandError):
    """Raised for a problem (RFC 9457) that a service answered with."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: str = "") -> None:
        again = f" (try again in {retry_after} s)" if retry_after else ""
        super().__init__(f"{problem.get('detail') or problem.get('title')}{again}")
        self.status = status
        self.code = str(problem.get("code", ""))
        self.errors: list[dict[str, Any]] = list(problem.get("errors", ()))


class JobFailedError(CommandError):
    """Raised when a job ended without an artwork."""
