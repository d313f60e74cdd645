"""Generators of the kinds in `tests.support.arts`, good ones and bad ones."""

import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from genart_core.artwork import Artwork, Output, Run, Workbench
from genart_core.errors import ArtError
from genart_core.request import references
from tests.support.arts import verse


def steps(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make all runs in step with each other."""
    _advance(runs, join=lambda room: ())


def batched(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make all runs in step, and let others join; the result says who was there."""
    _advance(runs, join=workbench.more)


def stuck(runs: Sequence[Run], workbench: Workbench) -> None:
    """Begin a step that never ends."""
    for run in runs:
        _note(run, "began")
        run.progress(1, 2)
    time.sleep(3600)


def deaf(runs: Sequence[Run], workbench: Workbench) -> None:
    """Finish without ever asking whether to stop."""
    for run in runs:
        _note(run, "began")
        run.progress(0, 1)
    time.sleep(runs[0].request.steps * runs[0].request.ms / 1000)
    for run in runs:
        _finish(run, [])


def broken(runs: Sequence[Run], workbench: Workbench) -> None:
    """Raise what no generator should."""
    raise ZeroDivisionError("by a test")


def refused(runs: Sequence[Run], workbench: Workbench) -> None:
    """Raise what a generator may."""
    raise ArtError("invalid_image", "The picture can't be read")


def forgetful(runs: Sequence[Run], workbench: Workbench) -> None:
    """Settle the first run alone."""
    _finish(runs[0], [])


def unwritable(runs: Sequence[Run], workbench: Workbench) -> None:
    """Return a result that is no JSON."""
    for run in runs:
        run.finish(Artwork((), {"set": {1, 2}}))


def modelled(runs: Sequence[Run], workbench: Workbench) -> None:
    """Load the weights that the request names."""
    name = runs[0].request.model
    size = workbench.model("test", name, load=lambda path, device: path.stat().st_size)
    for run in runs:
        run.finish(Artwork((), {"bytes": size}))


def pictured(runs: Sequence[Run], workbench: Workbench) -> None:
    """Show each picture as often as wanted, and give it back."""
    for run in runs:
        try:
            _picture(run)
        except ArtError as error:
            run.fail(error.code, str(error))


def plane(runs: Sequence[Run], workbench: Workbench) -> None:
    """Paint the colour of each code, or a grid of the colours around one."""
    for run in runs:
        request = run.request
        code = (request.latents or [[(request.seed % 7 - 3) / 10] * 8])[0]
        across, down = request.columns, request.rows
        if request.mode != "grid":
            across = down = 1
        image = Image.new("RGB", (8 * across, 8 * down))
        for n in range(across * down):
            x, y = n % across / max(across - 1, 1), n // across / max(down - 1, 1)
            grid = (request.across_range, x), (request.down_range, y)
            added = [low + (high - low) * at for (low, high), at in grid]
            moved = [c + m * (request.mode == "grid") for c, m in zip(code, added, strict=False)]
            shade = tuple(max(0, min(255, round(128 + 40 * value))) for value in moved)
            image.paste((*shade, 90), (n % across * 8, n // across * 8, image.width, image.height))
        time.sleep(request.ms / 1000)
        file = io.BytesIO()
        image.save(file, "PNG")
        output = Output(file.getvalue(), "image/png", image.width, image.height)
        run.finish(Artwork((output,), {"latents": [code], "seeds": [request.seed]}))


def checked(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make nothing."""
    for run in runs:
        run.finish(Artwork((), {}))


def _picture(run: Run) -> None:
    named = [ref for _, _, ref in references(run.request)]
    files = [run.input(ref) for ref in named]
    sizes = [_size(data) for data in files]
    width, height = sizes[0]
    for step in range(run.request.steps):
        time.sleep(run.request.ms / 1000)
        if run.stopped:
            return
        if run.wants_preview:
            run.preview(b"%d" % step, "image/png", width=width, height=height)
        run.progress(step + 1, run.request.steps)
    output = Output(files[0], "image/png", width, height)
    run.finish(Artwork((output,), {"bytes": [len(data) for data in files], "sizes": sizes}))


def _size(data: bytes) -> tuple[int, int]:
    """Return a picture's width and height, once all of it could be decoded."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.size
    except (OSError, SyntaxError) as error:
        raise ArtError("invalid_image", f"The picture is damaged: {error}") from error


def _advance(runs: Sequence[Run], join: Callable[[int], Sequence[Run]]) -> None:
    begun = [run.request.name for run in runs]
    in_hand = dict.fromkeys(runs, 0)
    for run in runs:
        _note(run, "began")
    while in_hand:
        time.sleep(max(run.request.ms for run in in_hand) / 1000)
        for run, done in list(in_hand.items()):
            if run.stopped:
                _note(run, "stopped", done)
                del in_hand[run]
                continue
            in_hand[run] = _step(run, done)
            if in_hand[run] == run.request.steps:
                _finish(run, begun)
                del in_hand[run]
        for run in join(4 - len(in_hand)):
            _note(run, "began")
            begun.append(run.request.name)
            in_hand[run] = 0


def _step(run: Run, done: int) -> int:
    run.token(0, verse(run.request)[done])
    run.progress(done + 1, run.request.steps)
    return done + 1


def _finish(run: Run, companions: list[str]) -> None:
    _note(run, "finished")
    output = Output(verse(run.request).encode(), "text/plain; charset=utf-8")
    run.finish(Artwork((output,), {"companions": companions}))


def _note(run: Run, what: str, number: int | None = None) -> None:
    if not run.request.journal:
        return
    number = os.getpid() if number is None else number
    line = f"{run.request.name} {what} {number}\n"
    with Path(run.request.journal).open("a") as journal:
        journal.write(line)  # one short write: lines of several processes don't mix
