"""`genart train <art>`: hands over to the art's own trainer, which alone brings torch in."""

import typer

from cli.commands.tools import Relay, hand_over
from genart_core.catalogue import TRAINERS, load_trainer

app = typer.Typer(help="Train a model.", no_args_is_help=True)


def _add(art: str) -> None:
    @app.command(
        art,
        cls=Relay,
        help=f"Train a model of {art}; `genart train {art} --help` lists its options.",
        add_help_option=False,  # the trainer's own help is shown
    )
    def train(context: typer.Context) -> None:
        hand_over(load_trainer(art), context, f"train {art}")


for _art in sorted(TRAINERS):
    _add(_art)
