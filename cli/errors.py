"""Errors of the command line; each is told to the user in one sentence, without a traceback.

CommandError               the command can't do what it was asked to
 ├── SettingsError         a setting has an impossible value
 ├── HomeInUseError        another supervisor holds the home folder
 └── ChildFailedError      a child process ended again and again before it was ready
"""

from collections.abc import Sequence


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
