"""Pictures on their way to a job: found, kept, and stored before the job is entered."""

import asyncio
from collections.abc import Callable
from functools import partial

from api.answers.representation import retry_seconds
from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.http.validation import shown
from api.incoming.uploads import Upload, image_too_large, wrong_picture
from api.submitting.assets import AtHand, keep, unknown_input
from api.submitting.drafts import Draft, look_at, pointer_to
from genart_core.jobs import caller
from genart_core.jobs.assets import AssetFacts
from genart_core.jobs.eta import estimate
from genart_core.jobs.record import JobId, Placed, StoredOutput
from genart_core.request import ArtRequest, references, with_images
from genart_core.words import counted

# From here to the job's record, which then keeps them; and what no job came to need goes so soon.
KEEP_MS = 10 * 60 * 1000


async def resolve(gateway: Gateway, client: str, draft: Draft) -> ArtRequest:
    """Return the request with assets for all its pictures, every one of them stored.

    Raises:
        ProblemError: `unknown_asset`, `unknown_input` and what else keeps an output from being
            used, `url_not_allowed`, `url_not_fetched`, naming the field; `files_unavailable`.
    """
    at_hand = {u.sha256: AtHand(u.read, draft.facts[u.sha256]) for u in draft.uploads}
    deadline = asyncio.get_running_loop().time() + gateway.settings.fetch_seconds
    pointers: dict[str, str] = {}
    resolved: dict[str, str] = {}
    for name, place, reference in references(draft.request):
        pointer = pointer_to(name, place)
        if reference not in resolved:
            resolved[reference] = reference
            if not reference.startswith("asset:"):
                if reference.startswith("job:"):
                    sha256, picture = await _output(gateway, client, reference, pointer)
                else:
                    upload = await _fetched(gateway, reference, pointer, deadline)
                    draft.uploads.append(upload)  # which are closed with it
                    sha256, picture = await _seen(gateway, upload)
                resolved[reference] = f"asset:{sha256}"
                at_hand.setdefault(sha256, picture)
        pointers.setdefault(resolved[reference].removeprefix("asset:"), pointer)
    await keep(gateway, client, pointers, at_hand, milliseconds=KEEP_MS)
    return with_images(draft.request, resolved)


async def _fetched(gateway: Gateway, url: str, pointer: str, deadline: float) -> Upload:
    """Return what is at an address; all of a request's are fetched by one deadline."""
    if gateway.fetcher is None:
        why = "https addresses are not fetched here (GENART_FETCH_URLS); send the picture itself"
        raise wrong_picture("url_not_allowed", pointer, why, got=shown(url))
    return await gateway.fetcher.fetch(url, pointer, deadline=deadline)


async def _seen(gateway: Gateway, upload: Upload) -> tuple[str, AtHand]:
    max_pixels = gateway.settings.max_pixels
    facts = await gateway.intake.run(_look_at, upload.read, upload.pointer, max_pixels)
    return upload.sha256, AtHand(upload.read, facts)


async def _output(
    gateway: Gateway, client: str, reference: str, pointer: str
) -> tuple[str, AtHand]:
    """Return the digest of another job's output, and the output."""
    job_text, _, number = reference.removeprefix("job:").partition("/")
    found = await gateway.ask(caller.get(JobId(job_text), client))
    if found.placed is None:
        raise no_such_job(pointer, job_text, found.state)
    output = _pick(found.placed, int(number), pointer)
    settings = gateway.settings
    if output.bytes > settings.max_image_bytes:
        raise image_too_large(pointer, settings.max_image_bytes)
    read = partial(_read, gateway, output.path)
    try:
        facts = await gateway.intake.run(_look_at, read, pointer, settings.max_pixels)
    except FileNotFoundError:
        raise unknown_input(pointer, "its file has been removed") from None
    return output.sha256, AtHand(read, facts)


def no_such_job(pointer: str, text: str, state: caller.Visibility) -> ProblemError:
    """Return the problem of a job that is named but isn't there, any more or at all."""
    if state == "gone":
        return unknown_input(pointer, f"job {text} ended long ago and has been removed")
    return unknown_input(pointer, f"there is no job {shown(text)}")


def _look_at(read: Callable[[], bytes], pointer: str, max_pixels: int) -> AssetFacts:
    return look_at(read(), pointer, max_pixels)


def _read(gateway: Gateway, path: str) -> bytes:
    return b"".join(gateway.blobs.read(path))


def _pick(placed: Placed, number: int, pointer: str) -> StoredOutput:
    job = placed.job
    if not job.is_terminal:
        problem = wrong_picture(
            "job_not_finished",
            pointer,
            f"job {job.id} is {job.status}; wait until it has succeeded",
        )
        problem.headers = {"retry-after": str(retry_seconds(estimate(placed)))}
        raise problem
    if number >= len(job.outputs):
        came = f"job {job.id} ended as {job.status} with {counted(len(job.outputs), 'output')}"
        raise unknown_input(pointer, f"{came}, counted from 0")
    return job.outputs[number]
