"""Shapes of the smaller answers, for the OpenAPI document; jobs are in `representation`."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.answers.representation import FailureView, JobView, MetricsView, OutputView, UrlsView
from genart_core.jobs.record import Status


class ComplaintView(BaseModel):
    """One thing wrong with a request."""

    pointer: str | None = Field(default=None, description="Where in the body (RFC 6901).")
    parameter: str | None = Field(default=None, description="Which parameter of the address.")
    header: str | None = Field(default=None, description="Which header field.")
    detail: str = Field(description="What is wrong, in words.")
    got: str | None = Field(default=None, description="What came, as short JSON or in words.")
    allowed: dict[str, Any] | None = Field(default=None, description="What could have come.")
    fits: dict[str, int] | None = Field(
        default=None, description="Of what is too large: values of fields that would do, together."
    )


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Where this problem is explained.", examples=["/problems/gone"])
    title: str = Field(description="The same for every problem of this `code`.", examples=["Gone"])
    status: int = Field(description="The answer's HTTP status.", examples=[410])
    detail: str = Field(description="What went wrong this time, and what would do.")
    instance: str = Field(description="The address that was asked.")
    code: str = Field(description="Stable name to branch on.", examples=["gone"])
    request_id: str = Field(description="As in `X-Request-Id`; names the request in our logs.")
    errors: list[ComplaintView] | None = Field(
        default=None, description="At most 20 things to mend, in the order of the body."
    )


class LayerView(BaseModel):
    """One layer of a model whose layers can be named."""

    name: str = Field(description="How a request names it.")
    channels: int = Field(description="Feature maps.")
    stride: int = Field(description="Pixels of the picture between two values of a map.")


class ClassView(BaseModel):
    """One class that a model tells apart."""

    name: str = Field(description="How a request names it.")
    wnid: str = Field(default="", description="Its WordNet id, if it has one.")


class ConceptView(BaseModel):
    """One direction that a picture can be moved in."""

    name: str = Field(description="How a request names it.")
    attribute: str = Field(default="", description="The attribute that it moves.")
    start: str = Field(default="", alias="from", description="What a strength of 1 leads from.")
    end: str = Field(default="", alias="to", description="What it leads to.")
    unit: str = Field(default="", description="What a strength of 1 is.")
    accuracy: float | None = Field(
        default=None, description="How often its probe told both apart in pictures kept aside."
    )
    pictures: int = Field(default=0, description="How many pictures it was found in.")
    method: str = Field(default="", description="How it was found.")


class ModelView(BaseModel):
    """One model."""

    name: str = Field(description="How a request's `model` names it.")
    art: str = Field(description="Folder of its weights; the art, unless several share it.")
    sha256: str = Field(description="sha256 of the file, as 64 hexadecimal digits.")
    bytes: int | None = Field(description="Size of its file; null if only a worker has it.")
    shipped: bool = Field(description="Whether it came with the service.")
    is_resident: bool = Field(description="Whether a live worker has it loaded.")
    layers: list[LayerView] = Field(description="Layers that a request can name, shallow to deep.")
    classes: int = Field(description="How many classes it tells apart.")
    class_list: list[ClassView] | None = Field(
        default=None, description="These, in the order of the logits; of one model alone."
    )
    concepts: list[ConceptView] = Field(
        description="Directions that a request can move a picture in."
    )
    card: dict[str, Any] = Field(description="What its training wrote: data, licence, figures.")
    kinds: list[str] = Field(description="Kinds whose requests may name it.")
    url: str = Field(description="The model alone, with its classes.")


class ModelsView(BaseModel):
    """All models, by art and name."""

    models: list[ModelView] = Field(description="By art, then by name.")


class AssetView(BaseModel):
    """A picture that you sent."""

    sha256: str = Field(description="sha256 of the file, as 64 hexadecimal digits.")
    reference: str = Field(description="How a request names it: `asset:<sha256>`.")
    media_type: str = Field(description="What it is, whatever it was said to be.")
    bytes: int = Field(description="Size of the file.")
    width: int = Field(description="Pixels, as shown: turned as EXIF says.")
    height: int = Field(description="Pixels, as shown.")
    created_at: datetime = Field(description="When you sent it last.")
    expires_at: datetime | None = Field(
        description="When it is removed; null while an unfinished job uses it."
    )
    url: str = Field(description="Where to fetch it, relative to the root.")


class AssetPageView(BaseModel):
    """A page of pictures, newest first."""

    assets: list[AssetView] = Field(description="At most `limit` of them.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next page; null: no more.")


class HealthView(BaseModel):
    """How the service is."""

    status: str = Field(description="`alive` or `ready`.")
    workers: int | None = Field(default=None, description="Live workers.")


class MemoryView(BaseModel):
    """The memory of a device, in bytes; null where it isn't known."""

    free: int | None = Field(description="What a job would find.", examples=[61_203_283_968])
    total: int | None = Field(description="All there is.", examples=[85_899_345_920])


class WorkerView(BaseModel):
    """One worker: a process that makes art on one device."""

    id: str = Field(
        description="Its name: host, process and place.", examples=["studio-3f2a91c4-up-0.7"]
    )
    device: str = Field(description="As torch calls it.", examples=["cuda:0"])
    device_name: str = Field(
        description="As its maker calls it.", examples=["NVIDIA H100 80GB HBM3"]
    )
    dtypes: list[str] = Field(
        description="Types of numbers that the device has instructions for.",
        examples=[["float32", "float16", "bfloat16"]],
    )
    memory: MemoryView = Field(description="The device's memory.")
    kinds: list[str] = Field(description="Kinds that it makes.", examples=[["text", "dream"]])
    models: dict[str, str] = Field(
        description="Models that it holds: their sha256, by `art/name`.",
        examples=[{"text/nietzsche": "9f86d081884c7d659a2feaa0c55ad015" * 2}],
    )
    draining: bool = Field(description="Whether it is leaving, and takes no more jobs.")
    jobs_in_hand: int = Field(description="How many jobs it has, whosever.", examples=[2])
    jobs: list[str] = Field(
        description="The ids of those that are yours.", examples=[["01k9tsm5v4n8m3c7qh2d6x0zpa"]]
    )
    version: str = Field(description="The version that it runs.", examples=["0.1.0"])
    started_at: datetime = Field(description="By its own clock.")
    seen_at: datetime = Field(description="When it last announced itself; it does every 2 s.")


class WorkersView(BaseModel):
    """The live workers, by id."""

    workers: list[WorkerView] = Field(description="Those heard of in the last 10 seconds.")


class ExplanationView(BaseModel):
    """What a problem means."""

    code: str = Field(description="Its stable name.")
    status: int = Field(description="The HTTP status that comes with it.")
    title: str = Field(description="Its title.")
    meaning: str = Field(description="When it occurs.")
    remedy: str = Field(description="What to do about it.")


class BatchResultView(BaseModel):
    """What became of one submit: the answer that it would have had alone."""

    status: int = Field(description="The status of that answer.")
    job: JobView | None = Field(default=None, description="The job, if it was taken.")
    replayed: bool = Field(default=False, description="Whether it is an earlier submit's job.")
    problem: Problem | None = Field(default=None, description="Why not, if it was not.")
    retry_after: int | None = Field(default=None, description="Seconds until it could be taken.")


class BatchView(BaseModel):
    """What became of them, in their order."""

    results: list[BatchResultView] = Field(description="One for each submit, in their order.")
    accepted: int = Field(description="How many were taken.")
    refused: int = Field(description="How many were not.")


class CanceledView(BaseModel):
    """One job after its cancel."""

    id: str = Field(description="The job.")
    status: Status = Field(description="How it stands now.")


class CancelView(BaseModel):
    """What became of the jobs."""

    jobs: list[CanceledView] = Field(description="Those that were found, as they are now.")
    not_found: list[str] = Field(description="Ids that mean no job of yours.")


class AttemptView(BaseModel):
    """One attempt to deliver a webhook."""

    at: datetime = Field(description="When it began.")
    status: int | None = Field(description="Status of the answer; null if none came.")
    error: str | None = Field(description="What went wrong; null if it was accepted.")
    duration_ms: int = Field(description="How long the receiver took.")


class DeliveryView(BaseModel):
    """A webhook about a job's end."""

    id: str = Field(description="Its `webhook-id`, the same in every attempt.")
    type: Literal["job.succeeded", "job.failed", "job.canceled", "job.expired"] = Field(
        description="What is told."
    )
    url: str = Field(description="Who is told.")
    status: Literal["pending", "delivered", "failed"] = Field(
        description="`failed`: it is not tried again, unless you ask for it."
    )
    next_attempt_at: datetime | None = Field(description="Null if it is not tried again.")
    attempts: list[AttemptView] = Field(description="The latest 20, oldest first.")


class DeliveriesView(BaseModel):
    """The webhooks about a job: none until it has ended."""

    webhooks: list[DeliveryView] = Field(description="One at most.")


class EndedView(BaseModel):
    """What a webhook says of the job."""

    id: str = Field(description="The job.")
    kind: str = Field(description="What it made, as in `/v1/{kind}`.")
    status: Literal["succeeded", "failed", "canceled", "expired"] = Field(
        description="How it ended."
    )
    version: int = Field(description="Its last version.")
    attempt: int = Field(description="Times a worker took it.")
    cached: bool = Field(description="Whether the outputs are those of an earlier equal request.")
    priority: Literal["low", "normal", "high"] = Field(description="Among its caller's own jobs.")
    tags: list[str] = Field(description="What its caller tagged it with.")
    created_at: datetime = Field(description="When it was submitted.")
    started_at: datetime | None = Field(description="When its last run began; null: none did.")
    finished_at: datetime = Field(description="When it ended.")
    expires_at: datetime = Field(description="When the job and its outputs are removed.")
    outputs: list[OutputView] = Field(description="The first 32 of them.")
    output_count: int = Field(description="How many there are.")
    error: FailureView | None = Field(description="Why it failed; null unless it did.")
    metrics: MetricsView = Field(description="Where the time went.")
    urls: UrlsView = Field(description="Where to go on.")


class MessageView(BaseModel):
    """The body of a webhook."""

    type: Literal["job.succeeded", "job.failed", "job.canceled", "job.expired"] = Field(
        description="What has happened."
    )
    timestamp: datetime = Field(description="When the job ended.")
    data: EndedView = Field(description="The job.")
