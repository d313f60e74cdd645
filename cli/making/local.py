"""Making something in this process: a worker's part without a service around it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeVar, get_origin

import orjson
from pydantic import ValidationError

from api.http.validation import complaints_of
from cli.errors import CommandError, JobFailedError, OptionError, SettingsError
from cli.settings import read
from cli.terminal.complaints import of_complaints
from cli.terminal.display import Display
from cli.terminal.fields import Field, Given, body_of, fields_of
from cli.terminal.files import Output
from genart_core.artwork import Artwork, Generate, Run
from genart_core.catalogue import Kind, load_generator
from genart_core.errors import (
    GenartError,
    InvalidImageError,
    ModelNotPulledError,
    RefusedError,
    UnknownModelError,
)
from genart_core.jobs.record import new_job_id
from genart_core.pictures import inspect
from genart_core.request import ArtRequest, draw_seed
from genart_core.signature import sign, statement
from genart_core.weights import find_model
from worker.settings import WorkerSettings

Model = TypeVar("Model")


@dataclass(frozen=True)
class Made:
    """An artwork: its name, its files, and what there is to say of it."""

    name: str
    outputs: list[Output]
    summary: str


def make_here(kind: Kind, given: Given, display: Display) -> Made:
    """Make something, with torch in this process.

    Raises:
        OptionError: for what a service would refuse.
        JobFailedError: if it can't be made.
    """
    settings = read(WorkerSettings)
    fields = fields_of(kind.request)
    pictures = {path: _picture(f, path, settings) for f in fields for path in _paths(f, given)}
    named = {path: f"asset:{sha256(data).hexdigest()}" for path, data in pictures.items()}
    request = _request(kind, fields, orjson.dumps(body_of(fields, given, named)))
    card = _card(kind, request, settings.home)
    bench = _bench(kind, settings, display)
    _check(kind, request, card, bench.free_memory)
    generate = load_generator(kind.name)
    display.status("running")
    run = LocalRun(request, {named[path]: data for path, data in pictures.items()}, display)
    began = time.monotonic()
    artwork = _artwork(generate, run, bench)
    took = time.monotonic() - began
    told = f"{kind.name} made here on {bench.device} in {took:.1f} s; seed {request.seed}"
    outputs = _signed(kind, request, artwork, bench.weights)
    return Made(f"{kind.name}-{new_job_id()}", outputs, told)


@dataclass(eq=False)  # generators keep runs in sets
class LocalRun:
    """Implements `genart_core.artwork.Run` for one request that was given here."""

    request: Any
    inputs: Mapping[str, bytes]
    display: Display
    stopped: bool = False
    wants_preview: bool = False
    artwork: Artwork | None = None
    failure: str = ""
    _text: str = ""

    def input(self, ref: str) -> bytes:
        """Return a picture's file."""
        return self.inputs[ref]

    def progress(self, step: int, total: int) -> None:
        """Show how far it is."""
        self.display.progress(step, total)

    def token(self, sample: int, text: str) -> None:
        """Show the text of the first sample."""
        if sample == 0:
            self._text += text
            self.display.text(self._text)

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        """Show nothing: a terminal has no pictures."""

    def finish(self, artwork: Artwork) -> None:
        """Take the artwork."""
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        """Take note of why there is none."""
        self.failure = detail


@dataclass
class LocalBench:
    """Implements `genart_core.artwork.Workbench`; `weights` are the sha256 of the models used."""

    device: str
    home: Path
    free_memory: int | None
    weights: dict[str, str] = field(default_factory=dict)
    _held: dict[str, Any] = field(default_factory=dict)

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        """Return a model, loaded at its first use."""
        key = f"{art}/{name}"
        if key not in self._held:
            found = find_model(art, name, self.home)
            self.weights[key] = found.sha256
            self._held[key] = load(found.path, self.device)
        model: Model = self._held[key]
        return model

    def more(self, room: int) -> Sequence[Run]:
        """Nobody else asks for anything here."""
        return ()


def _bench(kind: Kind, settings: WorkerSettings, display: Display) -> LocalBench:
    display.status("loading torch")
    try:
        device = import_module("genart_core.nn.device")
        chosen = device.pick_device(settings.device)
    except ModuleNotFoundError as error:
        raise CommandError(f"--local needs the extra genart[worker]: {error}") from error
    except ValueError as error:
        raise SettingsError(f"GENART_DEVICE={settings.device}: {error}") from error
    device.use_threads(kind.threads)
    return LocalBench(chosen, settings.home, device.free_memory(chosen))


def _paths(each: Field, given: Given) -> list[Path]:
    parts = given.get(each.name, []) if each.is_picture else []
    for part in parts:
        if isinstance(part, str):
            detail = f"{part[:80]} is for a service; with --local a picture is a file"
            raise OptionError(each.option, detail)
    return [part for part in parts if isinstance(part, Path)]


def _picture(each: Field, path: Path, settings: WorkerSettings) -> bytes:
    data = path.read_bytes()
    try:
        inspect(data, max_pixels=settings.max_pixels)
    except InvalidImageError as error:
        raise OptionError(each.option, f"{path}: {error}") from error
    return data


def _request(kind: Kind, fields: Sequence[Field], body: bytes) -> ArtRequest:
    try:
        request = kind.request.model_validate_json(body)
    except ValidationError as error:
        known = [each.name for each in fields]
        complaints = complaints_of(error.errors(include_url=False), fields=known)
        raise of_complaints(complaints, fields) or error from error
    seed = draw_seed() if request.seed is None else request.seed
    return request.model_copy(update={"seed": seed})


def _card(kind: Kind, request: ArtRequest, home: Path) -> dict[str, Any]:
    """Return the card of the model, as far as the kind has models to choose from."""
    if get_origin(kind.request.model_fields["model"].annotation) is Literal:
        return {}
    try:
        return find_model(kind.models, request.model, home).card
    except (UnknownModelError, ModelNotPulledError) as error:
        raise OptionError("--model", str(error)) from error


def _check(kind: Kind, request: ArtRequest, card: dict[str, Any], memory: int | None) -> None:
    try:
        kind.check(request, card, memory)
    except RefusedError as error:
        raise OptionError(f"--{error.field.replace('_', '-')}", str(error)) from error


def _artwork(generate: Generate, run: LocalRun, bench: LocalBench) -> Artwork:
    try:
        generate([run], bench)
    except GenartError as error:
        run.failure = str(error)
    except Exception as error:
        # by name, since torch is not imported here
        if type(error).__name__ != "OutOfMemoryError":
            raise
        run.failure = "The device has not enough memory for it"
    if run.artwork is None:
        raise JobFailedError(run.failure or "Nothing was made")
    return run.artwork


def _signed(
    kind: Kind, request: ArtRequest, artwork: Artwork, weights: Mapping[str, str]
) -> list[Output]:
    asked = request.model_dump(mode="json")
    made = statement(kind.name, asked, version=version("genart"), weights=weights)
    return [
        Output(o.media_type, [sign(o.data, made) if o.media_type[:6] == "image/" else o.data])
        for o in artwork.outputs
    ]
