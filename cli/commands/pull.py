"""`genart models pull`: fetch a public network, check it, and store it as safetensors."""

import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli.commands.download import download, sha256_of
from cli.errors import CommandError, HomeInUseError
from cli.host.lock import hold
from cli.settings import read
from genart_core.errors import DamagedWeightsError
from genart_core.public import ART, BASE_URL, PublicNetwork, public_network
from genart_core.settings import CoreSettings
from genart_core.weights import read_card

LINE_SECONDS = 15.0


class Told:
    """Tells how far a download is: a bar with rate and rest on a terminal, lines elsewhere."""

    def __init__(self, console: Console, network: PublicNetwork) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._name = network.name
        self._task = self._bar.add_task(network.name, total=network.megabytes * 1e6)
        self._start: tuple[float, int] | None = None
        self._line_due = time.monotonic() + LINE_SECONDS

    def __enter__(self) -> "Told":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def __call__(self, have: int, whole: int | None) -> None:
        """Take note of the bytes that are here."""
        now = time.monotonic()
        if self._start is None or have < self._start[1]:
            self._start = now, have
        self._bar.update(self._task, completed=have, total=whole)
        if not self._console.is_terminal and now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            rate = (have - self._start[1]) / max(now - self._start[0], 1e-9)
            rest = f", {(whole - have) / rate:.0f} s left" if whole and rate else ""
            self._console.print(f"{self._name}: {have / 1e6:.0f} MB, {rate / 1e6:.1f} MB/s{rest}")


def pull_model(
    name: Annotated[str, typer.Argument(help="vgg16, vgg19, googlenet or inception_v3.")],
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Take this file instead of fetching it.", exists=True, dir_okay=False
        ),
    ] = None,
    mirror: Annotated[
        str, typer.Option(help="Where the files are offered, for a mirror of one's own.")
    ] = BASE_URL,
) -> None:
    """Fetch a public feature network for dream and style; goes on where it was stopped."""
    network = public_network(name.removeprefix(f"{ART}/"))
    home = read(CoreSettings).home
    target = home / "models" / ART / f"{network.name}.safetensors"
    if _is_whole(target):
        typer.echo(f"{network.name} is here already: {target}")
        return
    try:
        with hold(home, f"pull-{network.name}"):
            _require_room(home, network, copies=1 if from_file else 2)
            source = from_file or _fetched(network, home, mirror)
            try:
                _require_digest(source, network)
            except CommandError:
                if from_file is None:
                    source.unlink()  # else the next try would go on after wrong bytes
                raise
            typer.echo("its sha256 is right; converting")
            import_module("genart_core.nn.conversion").convert(source, target, network)
            if from_file is None:
                source.unlink()
    except HomeInUseError as error:
        raise CommandError(f"{network.name} is being pulled already, by another process") from error
    typer.echo(f"{network.name} is here: {target} ({target.stat().st_size / 1e6:.0f} MB)")


def _fetched(network: PublicNetwork, home: Path, mirror: str) -> Path:
    """Return the file as downloaded; a part of it stays for the next time if that is stopped."""
    part = home / "downloads" / f"{network.file}.part"
    url = f"{mirror.rstrip('/')}/{network.file}"
    typer.echo(f"{url} ({network.megabytes} MB)")
    try:
        with Told(Console(), network) as told:
            download(url, part, told)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise
    return part


def _require_digest(source: Path, network: PublicNetwork) -> None:
    digest = sha256_of(source)
    if digest != network.sha256:
        raise CommandError(
            f"{source.name} is not {network.name}: its sha256 is {digest}, not {network.sha256}"
        )


def _is_whole(target: Path) -> bool:
    try:
        return bool(read_card(target).get("layers"))
    except (OSError, DamagedWeightsError):
        return False


def _require_room(home: Path, network: PublicNetwork, copies: int) -> None:
    needed, free = copies * network.megabytes * 1_050_000, shutil.disk_usage(home).free
    if free < needed:
        raise CommandError(
            f"{network.name} needs {needed / 1e6:.0f} MB in {home}; {free / 1e6:.0f} MB are free"
        )
