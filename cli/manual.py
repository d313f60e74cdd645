"""The page of all commands and options, written from the commands themselves."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from rich.markup import render as from_markup

from cli.commands.tools import Relay
from cli.main import app
from genart_core.catalogue import TOOLS, TRAINERS, load_tool, load_trainer

_HEAD = """# The `genart` command

`genart --install-completion` has the shell complete commands, options and their values.
A command ends with 0; with 1 if it could not do what it was asked to, with 2 if it was asked
wrongly, with 130 after Ctrl-C.

<!-- Generated from the commands by `make docs`; edit those. -->
"""

BAR = "\\|"
_EVERYWHERE = ("help", "install_completion", "show_completion")
_VALUES = {"str": "TEXT", "int": "INTEGER", "float": "NUMBER"} | dict.fromkeys(
    ("path", "Path", "dir", "file"), "PATH"
)


def render() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    return "\n".join((_HEAD, *_command(root, ("genart",))))


def _command(command: Any, words: tuple[str, ...]) -> Iterator[str]:
    context = typer.Context(command, info_name=words[-1])
    inner = _inner(command, words[-1])
    if len(words) > 1:
        usage = " ".join((*words, *inner.collect_usage_pieces(typer.Context(inner))))
        yield f"{'#' * min(len(words), 4)} `{' '.join(words)}`\n"
        yield f"{_plain(command.help or '')}\n"
        yield f"`{usage}`\n"
    names = inner.list_commands(context) if hasattr(inner, "list_commands") else ()
    commands = [inner.get_command(context, name) for name in names]
    # what all commands of a group have stands in panels, and is told once
    shared = [p for p in (commands[0].params if commands else ()) if _panel(p)]
    yield from _table([p for p in inner.params if not _panel(p)], context)
    if shared and len(words) > 1:
        yield "All of them have these options too:\n"
        yield from _table(shared, context)
    for name, each in zip(names, commands, strict=True):
        yield from _command(each, (*words, name))


def _inner(command: Any, name: str) -> Any:
    """Return the command that one hands over to, or itself."""
    if not isinstance(command, Relay):
        return command
    found = load_trainer(name) if name in TRAINERS and name not in TOOLS else load_tool(name)
    return typer.main.get_command(found)


def _table(parameters: Sequence[Any], context: Any) -> Iterator[str]:
    rows = [_row(p, context) for p in parameters if p.name not in _EVERYWHERE]
    if rows:
        yield "\n".join(("| option | value | meaning |", "|---|---|---|", *rows, ""))


def _row(parameter: Any, context: Any) -> str:
    is_option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.name.upper()]
    value = "" if is_option and parameter.is_flag else f"`{_value(parameter, context)}`"
    cells = (", ".join(f"`{name}`" for name in names), value, " ".join(_facts(parameter)))
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _value(parameter: Any, context: Any) -> str:
    shown = str(parameter.metavar or parameter.display_type(context)).strip("<>")
    shown = shown.removeprefix("list[").removesuffix("]").removesuffix(" range")
    return _VALUES.get(shown, shown)


def _facts(parameter: Any) -> Iterator[str]:
    if parameter.help:
        yield _plain(parameter.help)
    low, high = parameter.min, parameter.max
    facts = [
        "required" if parameter.required else "",
        "" if low is None else f"at least {low:g}",
        "" if high is None else f"at most {high:g}",
        f"default: {parameter.default}" if _has_default(parameter) else "",
    ]
    if any(facts):
        yield f"({'; '.join(fact for fact in facts if fact)})"


def _has_default(parameter: Any) -> bool:
    is_flag = getattr(parameter, "is_flag", False)
    shows = parameter.show_default is True and not is_flag
    return shows and parameter.default not in (None, "", (), [])


def _panel(parameter: Any) -> str | None:
    panel: str | None = getattr(parameter, "rich_help_panel", None)
    return panel


def _plain(text: str) -> str:
    return from_markup(" ".join(text.split())).plain
