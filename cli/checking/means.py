"""Whether this machine can make art: its device, its compiled steps, its kinds and models."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_origin

from cli.checking.findings import Finding, broken, note, ok
from cli.errors import SettingsError
from cli.host.machine import Machine
from cli.host.slots import plan_slots
from genart_core.catalogue import Kind, kinds
from genart_core.errors import (
    DamagedWeightsError,
    GenartError,
    ModelNotPulledError,
    UnknownModelError,
)
from genart_core.native.build import HERE, STEP, WINOGRAD, built, compiler
from genart_core.settings import CoreSettings
from genart_core.weights import all_unreached, find_model, read_card, shipped_digests
from worker.settings import WorkerSettings

LITTLE_BYTES = 2_000_000_000
# What is compiled, the module that opens it, what it is for and what becomes of that without.
NATIVE = (
    (STEP, "genart_core.arts.text.native.library", "steps of text", "texts come more slowly"),
    (WINOGRAD, "genart_core.nn.native", "convolutions", "pictures come more slowly"),
)


def look_at_device(settings: WorkerSettings, machine: Machine) -> Iterator[Finding]:
    """Check that torch has the device that is wanted; say what it is and how it computes."""
    try:
        slots = plan_slots(settings.device, 0, machine)
    except SettingsError as error:
        yield broken("device", str(error), "set GENART_DEVICE=auto")
        return
    try:
        device = import_module("genart_core.nn.device")
        chosen = device.pick_device(settings.device)
        name = device.describe(chosen)
    except ImportError as error:
        remedy = "install the extra genart[worker] where pictures and texts are to be made"
        yield note("device", f"no torch ({error}); this can be a gateway, not a worker", remedy)
        return
    except (ValueError, RuntimeError) as error:
        remedy = "set GENART_DEVICE=auto, or install a torch for this device"
        yield broken("device", f"{settings.device}: {error}", remedy)
        return
    if slots[0].gpu and not chosen.startswith("cuda"):
        remedy = "install a torch built for its CUDA, or set GENART_DEVICE=cpu"
        yield broken("device", f"{len(slots)} GPUs are there, but torch sees none", remedy)
        return
    yield ok("device", f"{chosen}, {name}" + (f"; {len(slots)} workers" if slots[1:] else ""))
    yield _memory(chosen, device.free_memory(chosen))
    dtype = str(device.working_dtype(chosen)).removeprefix("torch.")
    reason = "faster here than float32" if dtype == "bfloat16" else "bfloat16 is no faster here"
    yield ok("dtype", f"{dtype} for networks that see, {reason}")


def look_at_native(settings: CoreSettings) -> Iterator[Finding]:
    """Check whether inner loops run in C; without they give the same, and are slower."""
    if not settings.native:
        yield note("native", "off; texts and pictures come more slowly", "unset GENART_NATIVE")
        return
    folders = (HERE, settings.home / "native")
    command = compiler()
    for source, module, purpose, loss in NATIVE:
        path = next((path for folder in folders for path in built(source, folder)), None)
        if path is not None:
            yield _library(path, module, purpose, loss)
        elif command is not None:
            yield ok("native", f"{purpose}: compiled by {command} when first needed")
        else:
            remedy = "install a C compiler (gcc or clang), or set CC"
            yield note("native", f"{purpose}: no C compiler; {loss}", remedy)


def look_at_kinds(settings: CoreSettings) -> Iterator[Finding]:
    """Check that all kinds can be read, and that each has the model that it takes by default."""
    try:
        found = kinds()
    except (ImportError, AttributeError) as error:
        yield broken("kinds", str(error), "mend GENART_EXTRA_ARTS, which names modules with KINDS")
        return
    yield ok("kinds", ", ".join(found))
    for kind in found.values():
        yield from _default(kind, settings.home)


def look_at_models(settings: CoreSettings) -> Iterator[Finding]:
    """Check the weights that ship, and those of the home folder."""
    shipped, own = shipped_digests(), [*_files(settings.home)]
    wrong = [*(f for path in shipped for f in _shipped(path, settings.home)), *_own(own)]
    yield from wrong
    if not wrong:
        yield ok("models", f"{len(shipped)} that ship, with the right sha256; {len(own)} of yours")
    for told in all_unreached(settings.home):
        yield note("models", told)


def _memory(device: str, free: int | None) -> Finding:
    where = "memory" if device == "cpu" else f"memory of {device}"
    if free is None:
        return note("memory", f"the free {where} is not known")
    detail = f"{free / 1e9:.1f} GB of {where} free"
    if free < LITTLE_BYTES:
        return note("memory", f"{detail}; large pictures are refused", "end other programs")
    return ok("memory", detail)


def _library(path: Path, module: str, purpose: str, loss: str) -> Finding:
    try:
        library: Any = import_module(module)
    except ImportError as error:
        return note("native", f"{purpose}: {path} can't be tried here: {error}")
    try:
        library.Library(path)
    except library.UnusableError as error:
        return note("native", f"{purpose}: not used, as {error}; {loss}")
    return ok("native", f"{purpose}: {path}")


def _shipped(path: str, home: Path) -> Iterator[Finding]:
    remedy = "get it again from the repository (git checkout), or install genart again"
    art, _, file = path.partition("/")
    try:
        if not find_model(art, file.removesuffix(".safetensors"), home).shipped:
            yield broken("models", f"{path} is missing", remedy)
    except UnknownModelError:
        yield broken("models", f"{path} is missing", remedy)
    except (GenartError, OSError) as error:
        yield broken("models", str(error), remedy)


def _own(files: list[Path]) -> Iterator[Finding]:
    for path in files:
        try:
            read_card(path)
        except (DamagedWeightsError, OSError) as error:
            yield broken("models", f"{path}: {error}", "remove it, and pull or train it again")


def _files(home: Path) -> Iterator[Path]:
    yield from sorted((home / "models").glob("*/*.safetensors"))


def _default(kind: Kind, home: Path) -> Iterator[Finding]:
    """Yield what is wrong with the model that a kind takes where none is named."""
    field = kind.request.model_fields["model"]
    if get_origin(field.annotation) is Literal:
        return  # it has no files
    try:
        find_model(kind.models, str(field.default), home)
    except (UnknownModelError, ModelNotPulledError) as error:
        remedy = f"train or pull it, or name another in each request for {kind.name}"
        yield broken("models", f"{kind.name}: {error}", remedy)
    except (GenartError, OSError):
        return  # told with the models
