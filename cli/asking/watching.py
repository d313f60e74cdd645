"""Following a job of a service to its end, and fetching what it has made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import typer

from cli.asking.events import follow
from cli.asking.service import Service
from cli.errors import CommandError, JobFailedError
from cli.terminal.display import Display
from cli.terminal.files import Output, Target

Job: TypeAlias = Mapping[str, Any]


def watch(service: Service, job: Job, display: Display) -> Job:
    """Show a job until it has ended; return it as it is then."""
    texts: list[str] = []
    _show(job, display)
    if job["finished_at"] is not None:
        return job
    for event in follow(service, job["urls"]["events"]):
        data = event.data
        if event.name in ("snapshot", "result"):
            job = data["job"]
            _show(job, display)
        if event.name == "snapshot":
            texts = list(data["partial"])
        elif event.name == "status":
            display.status(data["status"])
            texts = [] if data["status"] == "queued" else texts
        elif event.name == "progress":
            display.progress(data["step"], data["total"])
        elif event.name == "token":
            texts = _with_token(texts, data)
        if texts:
            display.text(texts[0])
    return job


@contextmanager
def canceled_with(service: Service, job: Job, display: Display) -> Iterator[None]:
    """Cancel a job when Ctrl-C ends what is done with it."""
    try:
        yield
    except KeyboardInterrupt:
        try:
            service.ask("POST", job["urls"]["cancel"])
            display.say(f"job {job['id']} is canceled")
        except CommandError as error:
            display.say(f"job {job['id']} goes on, it could not be canceled: {error}")
        raise


def fetch(service: Service, job: Job, target: Target) -> list[Path]:
    """Write a job's outputs to files.

    Raises:
        JobFailedError: if it has none.
    """
    require_made(job)
    outputs = [Output(o["media_type"], service.output(o)) for o in job["outputs"]]
    return target.save(f"{job['kind']}-{job['id']}", outputs)


def require_made(job: Job) -> None:
    """Check that a job has succeeded.

    Raises:
        JobFailedError: if it has not; says why.
    """
    if job["status"] != "succeeded":
        why = (job["error"] or {}).get("detail", "")
        raise JobFailedError(f"{job['kind']} {job['id']} {job['status']}{why and f': {why}'}")


def present(paths: list[Path], display: Display, *, is_opening: bool) -> None:
    """Write the texts among the files, print the paths, and open the files if that is wanted.

    Standard output has either the texts or the paths; beside texts, paths are told on the other.
    """
    texts = [path.read_bytes().decode() for path in paths if path.suffix == ".txt"]
    display.texts(texts)
    for path in paths:
        if texts:
            display.say(str(path))
        else:
            typer.echo(path)
    for path in paths if is_opening else ():
        if typer.launch(str(path)):
            display.say(f"{path} can't be opened here")


def summary(job: Job) -> str:
    """Return in one line what became of a job."""
    milliseconds = job["metrics"]["execution_ms"]
    took = f" in {milliseconds / 1000:.1f} s" if milliseconds is not None else ""
    took = ", made before" if job["cached"] else took
    return f"{job['kind']} {job['id']} {job['status']}{took}; seed {job['request']['seed']}"


def _show(job: Job, display: Display) -> None:
    display.status(job["status"])
    display.progress(job["progress"]["step"], job["progress"]["total"])


def _with_token(texts: list[str], data: Mapping[str, Any]) -> list[str]:
    sample, offset = data["sample"], data["offset"]
    texts = texts + [""] * (sample + 1 - len(texts))
    texts[sample] = texts[sample][:offset] + data["text"]
    return texts
