"""`genart bench`: how fast this machine makes each art."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from cli.errors import CommandError, SettingsError
from cli.making.local import LocalBench
from cli.making.rates import Prober, Rate, probes
from cli.settings import read
from worker.settings import WorkerSettings


def measure_all(*, seconds: float, as_json: bool) -> None:
    """Measure each art for so many seconds and print what was found."""
    settings = read(WorkerSettings)
    try:
        device = import_module("genart_core.nn.device")
        chosen = device.pick_device(settings.device)
    except ModuleNotFoundError as error:
        raise CommandError(f"bench needs the extra genart[worker]: {error}") from error
    except ValueError as error:
        raise SettingsError(f"GENART_DEVICE={settings.device}: {error}") from error
    rates = list(_measured(device, chosen, settings, seconds))
    facts = {
        "device": chosen,
        "name": device.describe(chosen),
        "dtype": str(device.working_dtype(chosen)).removeprefix("torch."),
        "torch": version("torch"),
        "genart": version("genart"),
    }
    if as_json:
        told = {**facts, "rates": [asdict(rate) for rate in rates]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    console = Console()
    computes = f"{facts['name']} ({chosen}), convolutions in {facts['dtype']}"
    console.print(f"{computes}; torch {facts['torch']}, genart {facts['genart']}", highlight=False)
    console.print(_table(rates))


def _measured(device: Any, chosen: str, settings: WorkerSettings, seconds: float) -> Iterator[Rate]:
    def threads_of(wish: int) -> int:
        device.use_threads(wish)
        count: int = device.threads()
        return count

    bench = LocalBench(chosen, settings.home, device.free_memory(chosen))
    prober = Prober(bench, threads_of)
    with Console(stderr=True).status("measuring") as status:
        for probe in probes(prober.inputs):
            status.update(f"measuring {probe.kind}")
            yield prober.measure(probe, seconds)


def _table(rates: list[Rate]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("kind", "per second", "(rounds)", "at once", "threads"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    table.add_column("of")
    for rate in rates:
        spread = f"({rate.slowest:.3g}-{rate.fastest:.3g})"
        counts = (str(rate.together), str(rate.threads))
        table.add_row(rate.kind, f"{rate.rate:.3g}", spread, *counts, rate.unit)
    return table
