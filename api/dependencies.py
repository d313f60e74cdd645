"""What a route is given: the gateway's parts, and who is asking.

These are plain functions of the request. As FastAPI dependencies they would cost more than the work
they do.
"""

from dataclasses import dataclass
from typing import TypedDict, TypeVar

from fastapi import Request
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from api.access.auth import Keyring
from api.engine.metrics import Metrics
from api.engine.overview import Overview
from api.engine.redis_line import RedisLine
from api.engine.wakeups import Wakeups
from api.http.errors import ProblemError, unavailable
from api.incoming.intake import Intake
from api.outgoing.fetch import Fetcher
from api.outgoing.webhooks import Webhooks
from api.settings import ApiSettings
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.caller import Found
from genart_core.jobs.record import JobId, Placed, parse_job_id
from genart_core.jobs.store import Call
from genart_core.tracing import Tracing

T = TypeVar("T")

# Replies that mean "not now" rather than a fault of ours.
_UNABLE = ("OOM", "MISCONF", "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS")
_RETRY_AFTER = {"retry-after": "2"}


@dataclass(slots=True)
class Gateway:
    """The parts of one gateway process."""

    settings: ApiSettings
    redis: RedisLine
    blobs: BlobStore
    intake: Intake
    wakeups: Wakeups
    keyring: Keyring
    overview: Overview
    metrics: Metrics
    fetcher: Fetcher | None  # None: addresses are not taken
    webhooks: Webhooks | None  # None: nobody is told
    tracing: Tracing | None = None  # None: no spans are taken
    is_draining: bool = False

    async def ask(self, call: Call[T]) -> T:
        """Make a transition.

        Raises:
            ProblemError: `store_unavailable` if Redis doesn't answer in time.
        """
        try:
            return await self.redis.send(call)
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise unavailable() from error
        except ResponseError as error:
            if str(error).startswith(_UNABLE):
                raise unavailable() from error
            raise

    def drain(self) -> None:
        """Take no more work and let waiting callers go; the process is about to end."""
        self.is_draining = True
        self.wakeups.close()


class State(TypedDict):
    """The state that the server hands to each request."""

    gateway: Gateway


def gateway_of(request: Request) -> Gateway:
    """Return the gateway that serves this request."""
    gateway: Gateway = request.scope["state"]["gateway"]
    return gateway


def client_of(request: Request) -> str:
    """Return who is asking; quotas, idempotency keys and jobs belong to a client.

    That is the one of its API key, without one the peer's address (`api.access.guard`).
    """
    client: str = request.scope["state"]["client"]
    return client


def job_id_of(text: str) -> JobId:
    """Return an id from the address.

    Raises:
        ProblemError: `unknown_job` if it can't be one.
    """
    job_id = parse_job_id(text)
    if job_id is None:
        raise unknown_job(text)
    return job_id


def found_job(job_id: JobId, found: Found) -> Placed:
    """Return the job of a reader's answer.

    Raises:
        ProblemError: `gone` if it was there once, `unknown_job` if not.
    """
    if found.placed is not None:
        return found.placed
    if found.state == "gone":
        raise gone(job_id)
    raise unknown_job(job_id)


def unknown_job(text: str) -> ProblemError:
    """Return the problem of an id that means nothing to this client."""
    return ProblemError("unknown_job", f"There is no job {text[:64]!r}")


def gone(job_id: JobId) -> ProblemError:
    """Return the problem of a job that is past its retention."""
    detail = f"Job {job_id} ended long ago; it and its outputs have been removed"
    return ProblemError("gone", detail)


def draining() -> ProblemError:
    """Return the problem of a gateway that is about to end."""
    detail = "This gateway is shutting down; try again"
    return ProblemError("draining", detail, headers=_RETRY_AFTER)
