"""What a caller may still do, as every answer to a submit says it.

`RateLimit-Policy` and `RateLimit` follow draft-ietf-httpapi-ratelimit-headers-10, one item for each
limit: `"jobs"` that are unfinished, `"bytes"` that these weigh, `"submits"` in a minute, `"assets"`
by the bytes of pictures that are kept. `q` is the limit, `r` what is left of it, `t` when there
will be more: in so many seconds the next submit is possible, if none is left, else as many as ever.
"""

import math
from functools import lru_cache

from api.dependencies import Gateway
from api.http.errors import ProblemError
from genart_core.jobs.assets import Kept
from genart_core.jobs.blobs import asset_path
from genart_core.jobs.caller import Limits, Submitted, Usage

_MAX_RETRY_SECONDS = 60


def quota_headers(limits: Limits, usage: Usage) -> dict[str, str]:
    """Return the two fields."""
    left = f'"jobs";r={max(limits.active_per_client - usage.active, 0)}'
    if limits.bytes_per_client:
        left += f', "bytes";r={max(limits.bytes_per_client - usage.bytes, 0)}'
    if limits.submits_per_minute:
        left += f', "submits";r={usage.submits_left};t={math.ceil(usage.wait_ms / 1000)}'
    return {"ratelimit-policy": _policy(limits), "ratelimit": left}


def asset_headers(limits: Limits, kept: Kept) -> dict[str, str]:
    """Return the two fields for who sends a picture; none where nothing is bounded."""
    policy, left = [], []
    if limits.asset_bytes:
        policy.append(f'"assets";q={limits.asset_bytes};qu="content-bytes"')
        left.append(f'"assets";r={max(limits.asset_bytes - kept.bytes, 0)}')
    if limits.submits_per_minute:
        policy.append(f'"submits";q={limits.submits_per_minute};w=60')
        seconds = math.ceil(kept.wait_ms / 1000)
        left.append(f'"submits";r={max(kept.submits_left, 0)};t={seconds}')
    if not policy:
        return {}
    return {"ratelimit-policy": ", ".join(policy), "ratelimit": ", ".join(left)}


def asset_refusal(limits: Limits, kept: Kept, size: int) -> ProblemError:
    """Return why pictures of so many bytes were not kept.

    When others of the client's go depends on its jobs, and on whether it removes some: so
    `Retry-After` only says when it is worth asking again.
    """
    headers = asset_headers(limits, kept)
    if kept.outcome == "submits":
        detail = f"You may submit {limits.submits_per_minute} jobs and pictures a minute"
        return _busy("rate_exceeded", detail, kept.wait_ms / 1000, headers)
    if size > limits.asset_bytes:
        detail = (
            f"It has {size:,} bytes; pictures of {limits.asset_bytes:,} in all are kept for you"
        )
        return ProblemError("image_too_large", detail, headers=headers)
    have = f"Your pictures have {kept.bytes:,} bytes of {limits.asset_bytes:,}"
    detail = f"{have}, and these {size:,}; DELETE some, or wait until some expire"
    return _busy("asset_bytes_exceeded", detail, _MAX_RETRY_SECONDS, headers)


async def weigh(gateway: Gateway, request: str, assets: tuple[str, ...]) -> int:
    """Return how many bytes a request and the pictures that it names have.

    A picture counts for each job that names it, though it is stored once.

    Raises:
        ProblemError: `files_unavailable`.
    """
    size = len(request.encode())
    if not assets:
        return size
    try:
        return size + await gateway.intake.run(_stored, gateway, assets)
    except OSError as error:
        detail = "The pictures can't be looked at at present"
        raise ProblemError("files_unavailable", detail, headers={"retry-after": "2"}) from error


def require_fits(limits: Limits, size: int) -> None:
    """Check that a request could be taken at all.

    Raises:
        ProblemError: `body_too_large`.
    """
    if 0 < limits.bytes_per_client < size:
        detail = f"It weighs {size:,} bytes; you may have {limits.bytes_per_client:,} in the queue"
        raise ProblemError("body_too_large", detail)


def refusal(gateway: Gateway, limits: Limits, submitted: Submitted, size: int) -> ProblemError:
    """Return why a job of so many bytes was not taken, and when it is worth asking again."""
    usage, overview = submitted.usage, gateway.overview
    if submitted.outcome == "full":
        detail = f"{limits.ready} jobs are waiting; no more are taken at present"
        return _busy("queue_full", detail, usage.wait_ms / 1000 or overview.seconds_until_room())
    if submitted.outcome == "hooks full":
        detail = f"{limits.webhooks} webhooks wait to be delivered; submit without one, or later"
        return _busy("webhooks_full", detail, _MAX_RETRY_SECONDS)
    headers = quota_headers(limits, usage)
    if submitted.outcome == "hooks":
        detail = (
            f"{limits.webhooks_per_client} webhooks wait to be delivered to you; see that your "
            "receiver takes them, or submit without one"
        )
        return _busy("webhooks_exceeded", detail, _MAX_RETRY_SECONDS, headers)
    if submitted.outcome == "submits":
        detail = f"You may submit {limits.submits_per_minute} jobs a minute"
        return _busy("rate_exceeded", detail, usage.wait_ms / 1000, headers)
    until_next = overview.seconds_until_quota(max(usage.active, 1))
    if submitted.outcome == "jobs":
        detail = f"You have {usage.active} unfinished jobs; wait for some of them"
        return _busy("quota_exceeded", detail, until_next, headers)
    missing = usage.bytes + size - limits.bytes_per_client
    endings = math.ceil(missing * usage.active / usage.bytes)
    weighs = f"Your unfinished jobs weigh {usage.bytes:,} bytes of {limits.bytes_per_client:,}"
    detail = f"{weighs}, and this one {size:,}; wait for some of them"
    seconds = min(until_next * endings, _MAX_RETRY_SECONDS)
    return _busy("queue_bytes_exceeded", detail, seconds, headers)


@lru_cache(maxsize=1024)
def _policy(limits: Limits) -> str:
    policy = f'"jobs";q={limits.active_per_client};qu="concurrent-requests"'
    if limits.bytes_per_client:
        policy += f', "bytes";q={limits.bytes_per_client};qu="content-bytes"'
    if limits.submits_per_minute:
        policy += f', "submits";q={limits.submits_per_minute};w=60'
    return policy


def _busy(
    code: str, detail: str, seconds: float, headers: dict[str, str] | None = None
) -> ProblemError:
    retry = {"retry-after": str(max(math.ceil(seconds), 1))}
    return ProblemError(code, detail, headers={**(headers or {}), **retry})


def _stored(gateway: Gateway, assets: tuple[str, ...]) -> int:
    return sum(gateway.blobs.size(asset_path(sha256)) for sha256 in assets)
