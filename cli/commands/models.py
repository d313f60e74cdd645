"""`genart models`: which trained models are here or can be pulled, and how good they are."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.commands import pull
from cli.commands.tools import Relay, hand_over
from cli.errors import CommandError
from cli.settings import read
from genart_core.catalogue import load_tool
from genart_core.errors import DamagedWeightsError
from genart_core.public import ART, LICENCE, PUBLIC
from genart_core.settings import CoreSettings
from genart_core.weights import Weights, all_models, all_unreached, find_model, not_pulled

app = typer.Typer(
    help="List, pull, show, measure and use the trained models.", no_args_is_help=True
)


@app.command("list")
def list_models() -> None:
    """List the models that are here or can be pulled, with their size and licence."""
    table = Table("art", "name", "MB", "from", "licence", box=None, pad_edge=False)
    for model in _models():
        origin = "shipped" if model.shipped else "home"
        licence = str(model.card.get("licence", ""))
        table.add_row(model.art, model.name, f"{model.bytes / 1e6:.1f}", origin, licence)
    for name in not_pulled(ART, read(CoreSettings).home):
        megabytes = f"{PUBLIC[name].megabytes:.1f}"
        table.add_row(ART, name, megabytes, "not pulled", LICENCE)
    Console().print(table)
    _tell_hidden()


app.command("pull")(pull.pull_model)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name of a model, or art/name.")]) -> None:
    """Show a model's card as JSON: how it was trained, on what, and what was measured."""
    models = _models()
    found = [m for m in models if name in (m.name, f"{m.art}/{m.name}")]
    if not found:
        if name.removeprefix(f"{ART}/") in PUBLIC:
            find_model(ART, name.removeprefix(f"{ART}/"), read(CoreSettings).home)
        known = ", ".join(f"{m.art}/{m.name}" for m in models) or "none"
        raise CommandError(f"There is no model {name!r} here; known models: {known}")
    if len(found) > 1:
        choices = ", ".join(f"{m.art}/{m.name}" for m in found)
        raise CommandError(f"{name!r} is ambiguous; say one of {choices}")
    typer.echo(json.dumps(_describe(found[0]), indent=2, ensure_ascii=False))
    _tell_hidden(found[0].art, found[0].name)


def _add(tool: str, text: str) -> None:
    @app.command(tool, cls=Relay, help=text, add_help_option=False)  # the tool's own is shown
    def run(context: typer.Context) -> None:
        hand_over(load_tool(tool), context, f"models {tool}")


_add("classify", "Say what pictures show, as JSON.")
_add("eval", "Measure a model on data that it was not trained on.")


def _describe(model: Weights) -> dict[str, object]:
    facts = {"art": model.art, "name": model.name, "file": str(model.path)}
    return {**facts, "bytes": model.bytes, "sha256": model.sha256, "card": model.card}


def _tell_hidden(art: str = "*", name: str = "*") -> None:
    for told in all_unreached(read(CoreSettings).home, art, name):
        typer.echo(f"genart: {told}", err=True)


def _models() -> list[Weights]:
    try:
        return all_models(read(CoreSettings).home)
    except DamagedWeightsError as error:
        raise CommandError(str(error)) from error
