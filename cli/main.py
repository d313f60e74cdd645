"""The `genart` command."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from cli.commands import jobs, keys, models, run, train
from cli.commands.tools import Relay, hand_over, sentence
from cli.errors import CommandError
from genart_core.catalogue import load_tool
from genart_core.errors import GenartError

app = typer.Typer(
    help="Generative art as a service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(run.app, name="run")
app.add_typer(jobs.app, name="jobs")
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")

Home = Annotated[str | None, typer.Option(help="Folder of all state (GENART_HOME).")]
Host = Annotated[str | None, typer.Option(help="Address to listen on (GENART_HOST).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 = any (GENART_PORT).")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:n or mps (GENART_DEVICE).")]
Workers = Annotated[
    int | None, typer.Option(help="Worker processes, 0 = one per device (GENART_WORKERS).")
]


def main() -> None:
    """Run the command; what the user can mend is told in one sentence."""
    try:
        code = app(prog_name="genart", standalone_mode=False)
    except (CommandError, GenartError) as error:
        typer.echo(f"genart: {error}", err=True)
        sys.exit(error.exit_code if isinstance(error, CommandError) else 1)
    except typer.TyperException as error:
        if said := sentence(error):
            typer.echo(f"genart: {said}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


@app.command()
def up(
    home: Home = None,
    host: Host = None,
    port: Port = None,
    device: Device = None,
    workers: Workers = None,
) -> None:
    """Start everything: Redis (unless REDIS_URL is set), the workers and the gateway."""
    from cli.commands.up import run_all

    _set(home=home, host=host, port=port, device=device, workers=workers)
    run_all()


@app.command()
def worker(home: Home = None, device: Device = None, workers: Workers = None) -> None:
    """Start workers alone, on the Redis at REDIS_URL."""
    from cli.commands.up import run_workers

    _set(home=home, device=device, workers=workers)
    run_workers()


@app.command()
def api(home: Home = None, host: Host = None, port: Port = None) -> None:
    """Start the gateway alone, on the Redis at REDIS_URL."""
    from cli.commands.up import run_gateway

    _set(home=home, host=host, port=port)
    run_gateway()


@app.command()
def probe() -> None:
    """Check that the workers started here take jobs; ends with 1 if one does not."""
    from cli.commands.probe import look

    look()


@app.command("portraits", cls=Relay, add_help_option=False)  # the tool's own help is shown
def draw_portraits(context: typer.Context) -> None:
    """Draw a labelled set of portraits, to train a VAE on."""
    hand_over(load_tool("portraits"), context, "portraits")


@app.command("doctor")
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what is wrong with this installation, and how to mend it; ends with 1 if it is broken."""
    from cli.commands.doctor import examine

    examine(as_json=as_json)


@app.command("bench")
def bench(
    seconds: Annotated[
        float, typer.Option(min=0.0, max=600.0, help="How long each art is measured.")
    ] = 7.0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Measure how fast this machine makes each art, in about a minute, without a service."""
    from cli.commands.bench import measure_all

    measure_all(seconds=seconds, as_json=as_json)


@app.command("version")
def show_version() -> None:
    """Show the versions of genart, Python and torch."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "missing"
    typer.echo(f"genart {version('genart')} (Python {platform.python_version()}, torch {torch})")


def _set(**options: str | int | None) -> None:
    """Turn options into settings: child processes then read the same ones."""
    given = {name: value for name, value in options.items() if value is not None}
    os.environ.update({f"GENART_{name.upper()}": str(value) for name, value in given.items()})


if __name__ == "__main__":
    main()
