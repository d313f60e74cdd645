"""Writes one output and nothing else."""

import time
from collections.abc import Sequence

from genart_core.artwork import Artwork, Output, Run, Workbench


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Finish each run with the bytes it asked for."""
    for run in runs:
        output = Output(b"\n" * run.request.bytes, "application/octet-stream")
        run.finish(Artwork((output,), {"bytes": run.request.bytes}))


def keep_busy(runs: Sequence[Run], workbench: Workbench) -> None:
    """Finish each run after the time it asked for.

    That is slept through: what a GPU computes leaves the CPU to the service.
    """
    for run in runs:
        time.sleep(run.request.ms / 1000)
        generate([run], workbench)
