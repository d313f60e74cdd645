"""Commands that an art or `nn` brings along, and what typer says of wrong words to a command."""

from typing import Any

import typer
from typer.core import TyperCommand


class Relay(TyperCommand):
    """A command that leaves all words after it to a tool, `--` and `--help` among them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words as they are."""
        ctx.args = args
        return args


def hand_over(tool: typer.Typer, context: typer.Context, name: str) -> None:
    """Run a tool with the words that follow its name; it ends as a command of ours does."""
    code = tool(args=context.args, prog_name=f"genart {name}", standalone_mode=False)
    raise typer.Exit(code if isinstance(code, int) else 0)


def sentence(error: typer.TyperException) -> str:
    """Return what is wrong with a command line, and whose `--help` helps; "" if that was shown."""
    said = " ".join(error.format_message().split()).removeprefix("Invalid value: ").rstrip(".")
    context: typer.Context | None = getattr(error, "ctx", None)
    if not said or context is None:
        return said
    link = " See" if said.endswith("?") else "; see"  # did you mean …?
    return f"{said}{link} `{context.command_path} --help`"
