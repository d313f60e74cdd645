"""Pictures on their way to a job: found, kept, and stored before the job is entered."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from api.dependencies import Gateway
from api.drafts import Draft, pointer_to, require_picture
from api.errors import ProblemError
from api.representation import retry_seconds
from api.uploads import image_too_large
from api.validation import shown
from genart_core.jobs import caller
from genart_core.jobs.blobs import asset_path
from genart_core.jobs.eta import estimate
from genart_core.jobs.record import JobId, Placed, StoredOutput
from genart_core.request import ArtRequest, references, with_images

log = logging.getLogger(__name__)

# From here to the job's record, which then keeps them; and what no job came to need goes so soon.
KEEP_MS = 10 * 60 * 1000
_LEAVING_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
_RETRY_AFTER = {"retry-after": "2"}


async def resolve(gateway: Gateway, client: str, draft: Draft) -> ArtRequest:
    """Return the request with assets for all its pictures, every one of them stored.

    Raises:
        ProblemError: `unknown_asset`, `unknown_input` and what else keeps an output from being
            used, naming the field; `files_unavailable`.
    """
    readers: dict[str, Callable[[], bytes]] = {u.sha256: u.read for u in draft.uploads}
    pointers: dict[str, str] = {}
    resolved: dict[str, str] = {}
    for name, place, reference in references(draft.request):
        pointer = pointer_to(name, place)
        if reference not in resolved:
            resolved[reference] = reference
            if reference.startswith("job:"):
                sha256, read = await _output(gateway, client, reference, pointer)
                resolved[reference] = f"asset:{sha256}"
                readers.setdefault(sha256, read)
        pointers.setdefault(resolved[reference].removeprefix("asset:"), pointer)
    await _keep(gateway, readers, pointers)
    await _store(gateway, readers, pointers)
    return with_images(draft.request, resolved)


async def _keep(
    gateway: Gateway, readers: dict[str, Callable[[], bytes]], pointers: dict[str, str]
) -> None:
    """Have the assets kept from now on; one that is just being swept is waited for."""
    wanted = {sha256: sha256 in readers for sha256 in pointers}
    give_up = asyncio.get_running_loop().time() + _LEAVING_SECONDS
    while True:
        states = await gateway.ask(caller.keep_assets(wanted, KEEP_MS))
        for (sha256, is_at_hand), state in zip(wanted.items(), states, strict=True):
            if state == "unknown" or (state == "leaving" and not is_at_hand):
                raise _unknown_asset(sha256, pointers[sha256])
        if "leaving" not in states:
            return
        if asyncio.get_running_loop().time() > give_up:
            detail = "This very picture is just being removed; send it again"
            raise ProblemError("files_unavailable", detail, headers=_RETRY_AFTER)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _store(
    gateway: Gateway, readers: dict[str, Callable[[], bytes]], pointers: dict[str, str]
) -> None:
    for sha256, pointer in pointers.items():
        read = readers.get(sha256)
        try:
            if read is not None:
                await gateway.intake.run(_copy, gateway, sha256, read)
            elif not await gateway.intake.run(gateway.blobs.has, asset_path(sha256)):
                raise _unknown_asset(sha256, pointer)
        except FileNotFoundError:
            raise _unknown_input(pointer, "its file has been removed") from None
        except OSError as error:
            log.exception("asset %s can't be stored", sha256)
            detail = "The picture can't be stored at present"
            raise ProblemError("files_unavailable", detail, headers=_RETRY_AFTER) from error


def _copy(gateway: Gateway, sha256: str, read: Callable[[], bytes]) -> None:
    gateway.blobs.write_asset(sha256, read())


async def _output(
    gateway: Gateway, client: str, reference: str, pointer: str
) -> tuple[str, Callable[[], bytes]]:
    """Return the digest of another job's output, and what reads it."""
    job_text, _, number = reference.removeprefix("job:").partition("/")
    found = await gateway.ask(caller.get(JobId(job_text), client))
    if found.placed is None:
        raise _unknown_input(pointer, f"there is no job {shown(job_text)}")
    output = _pick(found.placed, int(number), pointer)
    settings = gateway.settings
    if output.bytes > settings.max_image_bytes:
        raise image_too_large(pointer, settings.max_image_bytes)
    read = partial(_read, gateway, output.path)
    try:
        await gateway.intake.run(_look_at, read, pointer, settings.max_pixels)
    except FileNotFoundError:
        raise _unknown_input(pointer, "its file has been removed") from None
    return output.sha256, read


def _look_at(read: Callable[[], bytes], pointer: str, max_pixels: int) -> None:
    require_picture(read(), pointer, max_pixels)


def _read(gateway: Gateway, path: str) -> bytes:
    return b"".join(gateway.blobs.read(path))


def _pick(placed: Placed, number: int, pointer: str) -> StoredOutput:
    job = placed.job
    if not job.is_terminal:
        detail = f"{pointer[1:]}: job {job.id} is {job.status}; wait until it has succeeded"
        complaint = {"pointer": pointer, "detail": detail}
        headers = {"retry-after": str(retry_seconds(estimate(placed)))}
        raise ProblemError("job_not_finished", detail, errors=[complaint], headers=headers)
    if number >= len(job.outputs):
        came = f"job {job.id} ended as {job.status} with {len(job.outputs)} outputs"
        raise _unknown_input(pointer, f"{came}, counted from 0")
    return job.outputs[number]


def _unknown_asset(sha256: str, pointer: str) -> ProblemError:
    detail = f"{pointer[1:]}: no picture with sha256 {sha256} is stored here; send it again"
    complaint = {"pointer": pointer, "detail": detail, "got": shown(f"asset:{sha256}")}
    return ProblemError("unknown_asset", detail, errors=[complaint])


def _unknown_input(pointer: str, why: str) -> ProblemError:
    detail = f"{pointer[1:]}: {why}"
    complaint = {"pointer": pointer, "detail": detail}
    return ProblemError("unknown_input", detail, errors=[complaint])
