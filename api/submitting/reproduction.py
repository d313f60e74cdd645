"""What made an artwork, as a job's record or a picture says it, and what has changed since.

A picture comes from anywhere, so what it says is worth no more than any other request.
"""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.engine.model_index import ModelIndex
from api.http.errors import ProblemError
from api.http.validation import shown
from api.incoming.bodies import parse
from genart_core.catalogue import Kind
from genart_core.jobs.record import Job
from genart_core.request import ArtRequest, references

_Name = Annotated[str, Field(max_length=200)]


class Made(BaseModel):
    """What made an artwork. `version` is empty for one that was never made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: _Name
    request: dict[str, Any]
    version: _Name
    weights: dict[_Name, _Name] = Field(max_length=16)


class ReproduceRequest(BaseModel):
    """Which job to make again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    job: str = Field(description="Id of one of your jobs.", max_length=100)


class WarningView(BaseModel):
    """Why the new artwork may differ from the old one."""

    code: str = Field(description="`version_changed` or `weights_changed`.")
    detail: str = Field(description="What has changed, in words.")


def made_of_signature(signature: bytes | None) -> Made:
    """Return what a picture says.

    Raises:
        ProblemError: `not_reproducible` if it says nothing that can be understood.
    """
    if signature is None:
        raise ProblemError("not_reproducible", "This picture doesn't say what made it")
    try:
        return Made.model_validate_json(signature)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        where = "/".join(str(part)[:80] for part in found["loc"])
        what = f"{where}: {found['msg']}" if where else found["msg"]
        detail = f"What this picture says of itself can't be read: {what}"
        raise ProblemError("not_reproducible", detail) from None


def made_of_job(job: Job) -> Made:
    """Return what a job's record says."""
    told = job.provenance or {}
    return Made(
        kind=job.kind,
        request=job.request,
        version=told.get("version", ""),
        weights=told.get("weights", {}),
    )


def request_of(kind: Kind, made: Made) -> ArtRequest:
    """Return the request, checked like one that was posted.

    Raises:
        ProblemError: `invalid_request`, naming the field of the request.
    """
    request = parse(kind.request, orjson.dumps(made.request))
    for name, place, reference in references(request):
        if not reference.startswith("asset:"):
            detail = f"What was made names its pictures as asset:<sha256>; got {shown(reference)}"
            pointer = f"/{name}" if place is None else f"/{name}/{place}"
            raise _invalid(pointer, detail)
    if request.seed is None:
        raise _invalid("/seed", "Without its seed nothing can be made again")
    return request


def warnings(made: Made, models: ModelIndex, version: str) -> list[dict[str, str]]:
    """Return why the new artwork may differ (`WarningView`)."""
    found = []
    if made.version not in ("", version):
        detail = f"Made by version {shown(made.version)}; this is {version}"
        found.append({"code": "version_changed", "detail": detail})
    digests = {f"{facts.art}/{facts.name}": facts.sha256 for facts in models.all()}
    for path, sha256 in made.weights.items():
        now = digests.get(path)
        if now != sha256:
            here = f"here they have {now}" if now else "they are not here"
            detail = f"The weights {shown(path)} had the sha256 {shown(sha256)}; {here}"
            found.append({"code": "weights_changed", "detail": detail})
    return found


def _invalid(pointer: str, detail: str) -> ProblemError:
    complaint = {"pointer": pointer, "detail": detail}
    return ProblemError("invalid_request", f"{pointer[1:]}: {detail}", errors=[complaint])
